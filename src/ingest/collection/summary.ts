import { formatCount, formatQuantity } from "../../util/format.ts";

export interface CollectionCounts {
  documents: number;
  documentPages: number;
  images: number;
  labels: number;
  /** Labels that have a page; undefined where there are no pages. */
  paired: number | undefined;
}

/** What was found, in one line: `3 PDFs, 412 pages; 1,204 images; 1,204 labels, of which 1,198 have their page`. */
export function summarize({ documents, documentPages, images, labels, paired }: CollectionCounts): string {
  const pages = formatQuantity(documentPages, "page");
  const have = paired === 1 ? "has" : "have";
  const of =
    paired === undefined
      ? ""
      : `, of which ${formatCount(paired)} ${have} ${paired === 1 ? "its" : "their"} page`;
  return [
    ...(documents > 0 ? [`${formatQuantity(documents, "PDF")}, ${pages}`] : []),
    ...(images > 0 ? [formatQuantity(images, "image")] : []),
    ...(labels > 0 ? [`${formatQuantity(labels, "label")}${of}`] : []),
  ].join("; ");
}
