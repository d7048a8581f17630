import { writeFile } from "node:fs/promises";
import { fontProblem } from "./fonts/font-problem.ts";
import type { DocumentLimits } from "./limits.ts";
import type { Task } from "./messages.ts";
import { findPageImage, type PageImage } from "./page-image/find.ts";
import { takePageImage } from "./page-image/keep.ts";
import type { PdfDocument } from "./pdfium/document.ts";
import { drawPage } from "./pdfium/draw.ts";
import { borrow, type Pdfium } from "./pdfium/instance.ts";
import { boxOf, objectsOf, type PageObject } from "./pdfium/objects.ts";
import { charactersOf } from "./pdfium/text.ts";
import { imageTooLarge, PageFault, tooManyPixels, tooSlow, unreadablePage } from "./reasons.ts";
import { type Placement, textLayerOf } from "./text-layer.ts";
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

/** The image of a page is not what the page shows: it is to be begun again, to be drawn. */
export const TO_BE_DRAWN = Symbol("to be drawn");

export type Finish = () => Promise<PageResult | typeof TO_BE_DRAWN>;

/**
 * Reads a page in its turn; the function that it gives writes the result. `drawn`: it is drawn, whatever it is. Both throw
 * `PageFault`.
 */
export function beginPage(
  place: Workplace,
  task: PageTask,
  { limits, drawn }: { limits: DocumentLimits; drawn: boolean },
): Finish {
  const { pdfium, open } = place;
  const document = open.use(task.path, { passwords: task.passwords, fileBytes: limits.fileBytes }, true);
  const inches = sizeOf(pdfium, document, task.page);
  const { dpi, maxPixels } = task;
  const tooLarge = () => tooManyPixels(task.page, inches, dpi, maxPixels);
  const [width, height] = [pixels(inches.width, dpi), pixels(inches.height, dpi)];
  // A page of metres may still be an image of few pixels.
  if (!(inches.width * inches.height < MAX_SQUARE_INCHES)) throw tooLarge();
  const page = pdfium.call.FPDF_LoadPage(document.handle, task.page - 1);
  if (page === 0) throw unreadablePage(task.page);
  try {
    const objects = objectsOf(pdfium, page, MAX_OBJECTS);
    const at = { ...place, page, objects: objects ?? [], pages: document.pages, task, limits };
    const image = objects && !drawn && !task.sketch ? findPageImage(pdfium, page, objects) : undefined;
    const kept = image && keep(at, image);
    if (kept) return kept;
    if (!(width * height <= maxPixels)) throw tooLarge();
    return draw(at, { width, height });
  } finally {
    pdfium.call.FPDF_ClosePage(page);
  }
}

const MAX_SQUARE_INCHES = 200 * 200;
/** Words that OCR laid over a scan are objects too. */
const MAX_OBJECTS = 500_000;

/** A page that is loaded, and what is wanted of it. */
interface LoadedPage extends Workplace {
  page: number;
  objects: readonly PageObject[];
  pages: number;
  task: PageTask;
  limits: DocumentLimits;
}

/** The page's own image, as a file; undefined where it has none that may be all of it. */
function keep(at: LoadedPage, image: PageImage): Finish | undefined {
  const { pdfium, page, pages, task, limits } = at;
  const { width, height, quarters, dpi, placed } = image;
  if (width * height > task.maxPixels) throw imageTooLarge(task.page, image, task.maxPixels);
  const prove = takePageImage(pdfium, { handle: page, number: task.page }, image, limits.pauseMs);
  if (prove === undefined) return undefined;
  const size = quarters % 2 === 1 ? { width: height, height: width } : { width, height };
  const text = textOf(at, { box: placed, quarters, ...size }, true);
  return async () => {
    const kept = await prove();
    if (kept === undefined) return TO_BE_DRAWN;
    const { format, orientation } = kept;
    const result = { ok: true, format, ...size, dpi, pages, orientation, text } as const;
    if (!task.image) return { ...result, source: null, bytes: 0 };
    const bytes = await kept.encode();
    await writeFile(task.output, bytes);
    return { ...result, source: "image", bytes: bytes.length };
  };
}

function draw(at: LoadedPage, size: { width: number; height: number }): () => Promise<PageResult> {
  const { pdfium, fonts, open, page, objects, pages, task, limits } = at;
  const { dpi } = task;
  const quarters = pdfium.call.FPDFPage_GetRotation(page);
  const text = textOf(at, { box: boxOf(pdfium, page), quarters, ...size }, false);
  const result = { ok: true, format: "png", ...size, dpi, pages, text } as const;
  if (!task.image) return async () => ({ ...result, source: null, bytes: 0 });
  fonts.takeMissing();
  const drawn = drawPage(pdfium, page, { ...size, pauseMs: limits.pauseMs });
  if (drawn === "late") throw tooSlow(task.page, limits.pauseMs);
  if (drawn === "failed") throw unreadablePage(task.page);
  const asked = fonts.takeMissing();
  const problem = task.sketch
    ? undefined
    : fontProblem(pdfium, { objects, characters: () => charactersOf(pdfium, page) }, { asked, fonts });
  // Fonts are asked for once as long as a document is open.
  if (asked.length > 0) open.wear();
  if (problem !== undefined) throw new PageFault(`page ${task.page} ${problem}`);
  return async () => ({ ...result, source: "drawn", ...(await writeDrawn(drawn, dpi, task.output)) });
}

function textOf({ pdfium, page, task }: LoadedPage, placement: Placement, covered: boolean): string | null {
  if (!task.text) return null;
  const layer = textLayerOf(charactersOf(pdfium, page), { placement, covered });
  return layer === undefined ? null : JSON.stringify(layer);
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
