import { AppError, systemCode } from "../errors.ts";
import { tiffPages } from "../images/tiff-pages.ts";
import { type ByteSource, openByteSource } from "../images/tiff-source.ts";

/** Pages of a TIFF in a file; 0 where it is damaged. Throws what the disk says. */
export function countTiffPages(source: ByteSource): number {
  try {
    return tiffPages(source).count;
  } catch (error) {
    if (error instanceof AppError || error instanceof RangeError) return 0;
    throw error;
  }
}

/** Of a folder of TIFFs the first are looked at: on a NAS each costs some reads. */
export const TIFFS_LOOKED_AT = 20;

/** What to know of TIFFs of several pages that become one row each. */
export function pagedTiffNotices(files: readonly { path: string; local: string }[]): string[] {
  const paged = files.slice(0, TIFFS_LOOKED_AT).flatMap(({ path, local }) => {
    const pages = pagesOf(local);
    return pages > 1 ? [`${path} has ${pages} pages`] : [];
  });
  const [first] = paged;
  if (first === undefined) return [];
  const more = paged.length > 1 ? `, and others have several` : "";
  return [`${first}${more}; each file becomes one row, with --split-pages each page does`];
}

function pagesOf(path: string): number {
  try {
    const source = openByteSource(path);
    try {
      return countTiffPages(source);
    } finally {
      source.close();
    }
  } catch (error) {
    if (systemCode(error) !== undefined) return 0; // its row says so
    throw error;
  }
}
