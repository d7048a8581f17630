import { openPdf, type PdfDocument } from "./pdfium/document.ts";
import type { Pdfium } from "./pdfium/instance.ts";

/** PDFium keeps what it has read of a document as long as that is open. */
const PAGES_AN_OPENING = 25;
const GROWTH_AN_OPENING_BYTES = 50_000_000;

/** The document that is open: pages of one come one after the other. */
export interface OpenDocument {
  /** Opens the file, or gives it where it is open. `page`: that a page of it is about to be read. */
  use(path: string, terms: { passwords: readonly string[]; fileBytes: number }, page: boolean): PdfDocument;
  /** The next page is read after a new opening. */
  wear(): void;
  close(): void;
}

/** Keeps one document open, and opens it anew from time to time. */
export function keepOpen(pdfium: Pdfium): OpenDocument {
  let open: { key: string; document: PdfDocument; pagesLeft: number; heapBytes: number } | undefined;
  const close = () => {
    open?.document.close();
    open = undefined;
  };
  return {
    close,
    wear: () => {
      if (open !== undefined) open.pagesLeft = 0;
    },
    use: (path, terms, page) => {
      const key = JSON.stringify([path, terms.passwords]);
      const worn =
        page &&
        open !== undefined &&
        (open.pagesLeft <= 0 || pdfium.heapBytes() - open.heapBytes > GROWTH_AN_OPENING_BYTES);
      if (open?.key !== key || worn) close();
      open ??= {
        key,
        document: openPdf(pdfium, path, terms),
        pagesLeft: PAGES_AN_OPENING,
        heapBytes: pdfium.heapBytes(),
      };
      if (page) open.pagesLeft -= 1;
      return open.document;
    },
  };
}
