import type { DocumentLimits } from "./limits.ts";
import type { Task } from "./messages.ts";
import type { PdfDocument } from "./pdfium/document.ts";
import { drawPage } from "./pdfium/draw.ts";
import { borrow, type Pdfium } from "./pdfium/instance.ts";
import { PageFault, tooManyPixels, tooSlow, unreadablePage } from "./reasons.ts";
import type { Workplace } from "./workplace.ts";
import { writeDrawn } from "./write-drawn.ts";

export type PageTask = Extract<Task, { kind: "page" }>;

export interface PageResult {
  ok: true;
  source: "image" | "drawn" | null;
  format: string;
  width: number;
  height: number;
  dpi: number;
  /** Of the document. */
  pages: number;
  orientation?: number;
  text: string | null;
  bytes: number;
}

/** Reads and draws a page; the function that it gives writes the result. Throws `PageFault`. */
export function beginPage(
  place: Workplace,
  task: PageTask,
  limits: DocumentLimits,
): () => Promise<PageResult> {
  const { pdfium, open } = place;
  const document = open.use(task.path, { passwords: task.passwords, fileBytes: limits.fileBytes }, true);
  const inches = sizeOf(pdfium, document, task.page);
  const { dpi, maxPixels } = task;
  const [width, height] = [pixels(inches.width, dpi), pixels(inches.height, dpi)];
  if (!(width * height <= maxPixels)) throw tooManyPixels(task.page, inches, dpi, maxPixels);
  const page = pdfium.call.FPDF_LoadPage(document.handle, task.page - 1);
  if (page === 0) throw unreadablePage(task.page);
  try {
    const drawn = drawPage(pdfium, page, { width, height, channels: 4, pauseMs: limits.pauseMs });
    if (drawn === "late") throw tooSlow(task.page, limits.pauseMs);
    if (drawn === "failed") throw unreadablePage(task.page);
    return async () => {
      const { format, bytes } = await writeDrawn(drawn, dpi, task.output);
      return {
        ok: true,
        source: "drawn",
        format,
        width,
        height,
        dpi,
        pages: document.pages,
        text: null,
        bytes,
      };
    };
  } finally {
    pdfium.call.FPDF_ClosePage(page);
  }
}

function pixels(inches: number, dpi: number): number {
  return Math.max(1, Math.round(inches * dpi));
}

/** In inches, turned and cropped as it is seen. */
function sizeOf(pdfium: Pdfium, document: PdfDocument, page: number): { width: number; height: number } {
  if (page < 1 || page > document.pages)
    throw new PageFault(`page ${page} is none of the document's ${document.pages}`);
  return borrow(pdfium, 8, (size) => {
    if (pdfium.call.FPDF_GetPageSizeByIndexF(document.handle, page - 1, size) === 0)
      throw unreadablePage(page);
    const view = pdfium.view();
    return { width: view.getFloat32(size, true) / 72, height: view.getFloat32(size + 4, true) / 72 };
  });
}
