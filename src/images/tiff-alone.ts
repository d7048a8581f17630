import { directoriesOf, openTiff, type TiffDirectory } from "./tiff-tags.ts";

/**
 * Gives a TIFF as a file of one page, from 0: a decoder walks all directories whenever it opens one, which takes n² steps for n
 * pages. What it gave before is then of that page too. Undefined for other data.
 */
export function pagesAlone(bytes: Uint8Array): ((page: number) => Uint8Array) | undefined {
  const file = openTiff(new Uint8Array(bytes));
  if (file === undefined) return undefined;
  const { view, little, big } = file;
  const pages = Array.from(directoriesOf(file));
  const put = (at: number, offset: number) => {
    if (at + (big ? 8 : 4) > view.byteLength) return; // cut off: there is no next one
    if (big) view.setBigUint64(at, BigInt(offset), little);
    else view.setUint32(at, offset, little);
  };
  let last: TiffDirectory | undefined;
  return (number) => {
    const page = pages[number];
    if (page === undefined) throw new RangeError(`page ${number + 1} of ${pages.length}`);
    if (last !== undefined) put(last.nextAt, last.next);
    put(big ? 8 : 4, page.at);
    put(page.nextAt, 0);
    last = page;
    return file.bytes;
  };
}
