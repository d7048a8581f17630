import { type ImageFacts, imageFacts } from "../pdfium/image.ts";
import type { Pdfium } from "../pdfium/instance.ts";
import { type Box, boxOf, type Matrix, type PageObject } from "../pdfium/objects.ts";

/** An image that is all that is seen of a page. */
export interface PageImage extends ImageFacts {
  handle: number;
  /** Where it lies, and what of the page is seen. */
  placed: Box;
  seen: Box;
  /** Quarters of a turn, clockwise, by which the page is shown. */
  quarters: number;
  dpi: number;
  /** It has links, notes or fields of forms; whether they are seen is to be proved. */
  annotated: boolean;
}

/** How far its edges may be from the page's: this part of the longer side, or as many points. */
const TOLERANCE = 0.01;
const TOLERANCE_POINTS = 2;

/**
 * The image of a page that shows exactly one: upright, over all of the page, with nothing painted on it. Whether the page
 * looks like it is still to be proved: masks and clips are not seen here.
 */
export function findPageImage(
  pdfium: Pdfium,
  page: number,
  objects: readonly PageObject[],
): PageImage | undefined {
  const { call } = pdfium;
  const at = objects.findIndex(({ kind }) => kind === "image");
  const image = objects[at];
  if (image === undefined || !isAllOfIt(objects, at)) return undefined;
  if (call.FPDFPageObj_HasTransparency(image.handle) !== 0) return undefined;
  const placed = placeOf(image.matrix);
  const seen = boxOf(pdfium, page);
  if (placed === undefined || !meets(placed, seen)) return undefined;
  const facts = imageFacts(pdfium, image.handle, page);
  const dpi = Math.round((facts.width * 72) / (placed.right - placed.left));
  const annotated = call.FPDFPage_GetAnnotCount(page) > 0;
  const quarters = call.FPDFPage_GetRotation(page);
  return { ...facts, handle: image.handle, placed, seen, quarters, dpi, annotated };
}

/** What is painted before it is under it. */
function isAllOfIt(objects: readonly { kind: string; invisible: boolean }[], at: number): boolean {
  const others = objects.filter(({ kind }, index) => kind === "image" && index !== at);
  return others.length === 0 && objects.slice(at + 1).every(({ invisible }) => invisible);
}

/** The rectangle of an upright image; undefined where it is turned or mirrored. */
function placeOf([a, b, c, d, e, f]: Matrix): Box | undefined {
  const upright = a > 0 && d > 0 && Math.abs(b) + Math.abs(c) < 1e-3 * (a + d);
  return upright ? { left: e, bottom: f, right: e + a, top: f + d } : undefined;
}

function meets(placed: Box, seen: Box): boolean {
  const longer = Math.max(seen.right - seen.left, seen.top - seen.bottom);
  const tolerance = Math.max(TOLERANCE_POINTS, TOLERANCE * longer);
  return (["left", "bottom", "right", "top"] as const).every(
    (edge) => Math.abs(placed[edge] - seen[edge]) <= tolerance,
  );
}
