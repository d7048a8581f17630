/** What a document may cost. Of a page's pixels the caller says how many it takes. */
export interface DocumentLimits {
  /** Of a PDF. */
  fileBytes: number;
  pages: number;
  /** After which drawing a page is stopped where its content lets it be. */
  pauseMs: number;
  /** After which the process is killed. */
  killMs: number;
  /** Memory of PDFium, and of the other decoders. */
  heapBytes: number;
}

export const DOCUMENT_LIMITS: DocumentLimits = {
  fileBytes: 2_000_000_000,
  pages: 20_000,
  pauseMs: 30_000,
  killMs: 60_000,
  heapBytes: 1_000_000_000,
};
