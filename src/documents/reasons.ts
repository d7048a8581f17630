/** What is said of a document, page or image that cannot be taken: reasons of rejections, and texts of errors. */
import { AppError } from "../errors.ts";

import { type DocumentLimits, IMAGE_TIMES } from "./limits.ts";
import type { Task } from "./messages.ts";

/** Costs one page, not the document. */
export class PageFault extends Error {}

/** Of an image that cannot be decoded. */
export class ImageFault extends PageFault {}

export function imageAboveLimit(
  { width, height }: { width: number; height: number },
  maxPixels: number,
): ImageFault {
  const size = `${width} × ${height} pixels: ${megapixels(width * height)} megapixels`;
  return new ImageFault(`it has ${size}, above the limit of ${megapixels(maxPixels)} (images.max_pixels)`);
}

export function tooManyPixels(
  page: number,
  inches: { width: number; height: number },
  dpi: number,
  maxPixels: number,
): PageFault {
  const pixels = inches.width * dpi * inches.height * dpi;
  const size = `${short(inches.width)} × ${short(inches.height)} inches`;
  return new PageFault(
    `page ${page} is ${size}: ${megapixels(pixels)} megapixels at ${dpi} dpi, above the limit of ${megapixels(maxPixels)} (images.max_pixels)`,
  );
}

export function imageTooLarge(
  page: number,
  { width, height }: { width: number; height: number },
  maxPixels: number,
): PageFault {
  const size = `${width} × ${height} pixels: ${megapixels(width * height)} megapixels`;
  return new PageFault(
    `page ${page} is an image of ${size}, above the limit of ${megapixels(maxPixels)} (images.max_pixels)`,
  );
}

function megapixels(pixels: number): number {
  return Math.round(pixels / 1e4) / 100;
}

export function tooSlow(page: number, ms: number): PageFault {
  return new PageFault(`page ${page} takes more than ${short(ms / 1000)} s to draw`);
}

export function tooMuchMemory(what: string, bytes: number): string {
  return `${what} needs more than ${inGigabytes(bytes)} of memory to draw`;
}

export function unreadablePage(page: number): PageFault {
  return new PageFault(`page ${page} is damaged: it cannot be read`);
}

export function encrypted(): AppError {
  return new AppError(
    "invalid_input",
    "PDF is encrypted; give its password: --password-file of the command, X-Document-Password over HTTP",
  );
}

/** Of a document that stays encrypted, whatever passwords were given. */
export function noPasswordOpens(): AppError {
  return new AppError("invalid_input", "PDF is encrypted, and none of the given passwords opens it");
}

export function tooLarge(bytes: number, limit: number, kind: "PDF" | "TIFF" = "PDF"): AppError {
  return new AppError(
    "invalid_input",
    `${kind} of ${inGigabytes(bytes)}; the limit is ${inGigabytes(limit)}`,
  );
}

export function tooManyPages(pages: number, limit: number): AppError {
  return new AppError("invalid_input", `PDF with ${pages} pages; the limit is ${limit}`);
}

export function damagedPdf(): AppError {
  return new AppError("invalid_input", "damaged PDF: no readable structure");
}

export function withoutPages(): AppError {
  return new AppError("invalid_input", "damaged PDF: it has no page");
}

/** Of what the process died while it worked on it: it was killed for its time or its memory, or it crashed. */
export function deadly(task: Task, limits: DocumentLimits, why: "time" | "memory" | "crash"): string {
  const what =
    task.kind === "page" ? `page ${task.page}` : task.kind === "describe" ? "the PDF" : "the image";
  if (why === "memory") return `${what} needs more than ${inGigabytes(limits.residentBytes)} of memory`;
  if (why === "time") return `${what} takes more than ${short(killMsOf(task, limits) / 1000)} s to read`;
  return `${what} cannot be read: the decoder crashed on it`;
}

export function killMsOf(task: Task, { killMs }: DocumentLimits): number {
  return task.kind === "convert" ? killMs * IMAGE_TIMES : killMs;
}

function inGigabytes(bytes: number): string {
  return bytes < 1e9 ? `${short(bytes / 1e6)} MB` : `${short(bytes / 1e9)} GB`;
}

function short(value: number): string {
  return String(Math.round(value * 10) / 10);
}
