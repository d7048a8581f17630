import { formatCount, formatQuantity } from "../../util/format.ts";

export interface CollectionCounts {
  pdfs?: { files: number; pages: number };
  /** Of several pages. */
  tiffs?: { files: number; pages: number };
  images?: number;
  labels: number;
  /** Labels that have a page; undefined where there are no pages. */
  paired?: number;
}

/** What was found, in one line: `3 PDFs, 412 pages; 1,204 images; 1,204 labels, of which 1,198 have their page`. */
export function summarize({ pdfs, tiffs, images = 0, labels, paired }: CollectionCounts): string {
  const documents = (name: string, { files, pages } = { files: 0, pages: 0 }) =>
    files > 0 ? [`${formatQuantity(files, name)}, ${formatQuantity(pages, "page")}`] : [];
  const have = paired === 1 ? "has its page" : "have their page";
  const of = paired === undefined ? "" : `, of which ${formatCount(paired)} ${have}`;
  return [
    ...documents("PDF", pdfs),
    ...documents("TIFF", tiffs),
    ...(images > 0 ? [formatQuantity(images, "image")] : []),
    ...(labels > 0 ? [`${formatQuantity(labels, "label")}${of}`] : []),
  ].join("; ");
}
