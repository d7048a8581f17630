import { writeFile } from "node:fs/promises";
import type { DocumentLimits } from "./limits.ts";
import type { Task } from "./messages.ts";
import { findPageImage, type PageImage } from "./page-image/find.ts";
import { keepPageImage } from "./page-image/keep.ts";
import type { PdfDocument } from "./pdfium/document.ts";
import { drawPage } from "./pdfium/draw.ts";
import { borrow, type Pdfium } from "./pdfium/instance.ts";
import { imageTooLarge, PageFault, tooManyPixels, tooSlow, unreadablePage } from "./reasons.ts";
import type { Workplace } from "./workplace.ts";
import { writeDrawn } from "./write-drawn.ts";

export type PageTask = Extract<Task, { kind: "page" }>;

export interface PageResult {
  ok: true;
  /** Its own image as it was, or a drawing; null where none was asked for. */
  source: "image" | "drawn" | null;
  format: "jpeg" | "tiff" | "png";
  /** In pixels, upright. */
  width: number;
  height: number;
  dpi: number;
  /** Of the document. */
  pages: number;
  /** By EXIF's numbers: how the file, which says so itself, is to be turned. */
  orientation?: number;
  /** JSON of the text layer, if it was asked for. */
  text: string | null;
  bytes: number;
}

/** Reads a page in its turn; the function that it gives writes the result. Throws `PageFault`. */
export async function beginPage(
  place: Workplace,
  task: PageTask,
  limits: DocumentLimits,
): Promise<() => Promise<PageResult>> {
  const { pdfium, open } = place;
  const document = open.use(task.path, { passwords: task.passwords, fileBytes: limits.fileBytes }, true);
  const inches = sizeOf(pdfium, document, task.page);
  const { dpi, maxPixels } = task;
  const [width, height] = [pixels(inches.width, dpi), pixels(inches.height, dpi)];
  const tooLarge = !(width * height <= maxPixels);
  // A page of kilometres may still be an image of few pixels.
  if (tooLarge && !(inches.width * inches.height < MAX_SQUARE_INCHES))
    throw tooManyPixels(task.page, inches, dpi, maxPixels);
  const page = pdfium.call.FPDF_LoadPage(document.handle, task.page - 1);
  if (page === 0) throw unreadablePage(task.page);
  try {
    const image = findPageImage(pdfium, page);
    const kept = image && (await keep(pdfium, page, image, { task, limits, pages: document.pages }));
    if (kept) return kept;
    if (tooLarge) throw tooManyPixels(task.page, inches, dpi, maxPixels);
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

const MAX_SQUARE_INCHES = 200 * 200;

async function keep(
  pdfium: Pdfium,
  page: number,
  image: PageImage,
  { task, limits, pages }: { task: PageTask; limits: DocumentLimits; pages: number },
): Promise<(() => Promise<PageResult>) | undefined> {
  const { width, height, quarters, dpi } = image;
  if (width * height > task.maxPixels) throw imageTooLarge(task.page, image, task.maxPixels);
  const kept = await keepPageImage(pdfium, { handle: page, number: task.page }, image, limits.pauseMs);
  if (kept === undefined) return undefined;
  const turned = quarters % 2 === 1;
  const size = turned ? { width: height, height: width } : { width, height };
  const { format, orientation } = kept;
  return async () => {
    const bytes = await kept.encode();
    await writeFile(task.output, bytes);
    return {
      ok: true,
      source: "image",
      format,
      ...size,
      dpi,
      pages,
      orientation,
      text: null,
      bytes: bytes.length,
    };
  };
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
