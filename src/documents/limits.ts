/** What a document may cost. Of a page's pixels the caller says how many it takes. */
export interface DocumentLimits {
  /** Of a PDF. */
  fileBytes: number;
  pages: number;
  /** After which drawing a page is stopped where its content lets it be. */
  pauseMs: number;
  /** After which the process is killed; an image is given `IMAGE_TIMES` as long. */
  killMs: number;
  /** Memory of PDFium. */
  heapBytes: number;
  /** Memory of the process, above which it is killed. */
  residentBytes: number;
}

/** A JPEG 2000 of 50 megapixels decodes for minutes. */
export const IMAGE_TIMES = 5;

export const DOCUMENT_LIMITS: DocumentLimits = {
  fileBytes: 2_000_000_000,
  pages: 20_000,
  pauseMs: 30_000,
  killMs: 60_000,
  heapBytes: 1_000_000_000,
  residentBytes: 2_500_000_000,
};
