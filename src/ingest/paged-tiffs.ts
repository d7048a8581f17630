import { AppError, systemCode } from "../errors.ts";
import { tiffPages } from "../images/tiff-pages.ts";
import { type ByteSource, bytesAsSource, openByteSource } from "../images/tiff-source.ts";
import { EntryProblem, type InputEntry } from "./input.ts";

/** Pages of a TIFF in a file, none where it is damaged, and whether others may follow these. Throws what the disk says. */
export function countTiffPages(source: ByteSource): { count: number; isWhole: boolean } {
  try {
    return tiffPages(source);
  } catch (error) {
    if (error instanceof AppError || error instanceof RangeError) return { count: 0, isWhole: false };
    throw error;
  }
}

/** A TIFF of an input: on the disk, or in a zip. */
export interface FoundTiff {
  path: string;
  place: string | InputEntry;
}

/** Of a folder of TIFFs the first are looked at: on a NAS each costs some reads. */
export const TIFFS_LOOKED_AT = 20;
/** What these may have in zips in all, for there each is unpacked. */
const UNPACKED_BYTES = 64_000_000;

/** What to know of TIFFs of several pages that become one row each. */
export async function pagedTiffNotices(files: readonly FoundTiff[]): Promise<string[]> {
  const paged: string[] = [];
  let unpacked = 0;
  for (const { path, place } of files.slice(0, TIFFS_LOOKED_AT)) {
    if (typeof place !== "string") unpacked += place.sizeBytes;
    if (unpacked > UNPACKED_BYTES) break;
    const pages = typeof place === "string" ? pagesOf(place) : await pagesInZip(place);
    if (pages > 1) paged.push(`${path} has ${pages} pages`);
  }
  const [first] = paged;
  if (first === undefined) return [];
  const more = paged.length > 1 ? `, and others have several` : "";
  return [`${first}${more}; each file becomes one row, with --split-pages each page does`];
}

async function pagesInZip(entry: InputEntry): Promise<number> {
  try {
    return countTiffPages(bytesAsSource(await entry.bytes())).count;
  } catch (error) {
    if (error instanceof EntryProblem) return 0; // its row says so
    throw error;
  }
}

function pagesOf(path: string): number {
  try {
    const source = openByteSource(path);
    try {
      return countTiffPages(source).count;
    } finally {
      source.close();
    }
  } catch (error) {
    if (systemCode(error) !== undefined) return 0; // its row says so
    throw error;
  }
}
