import { borrow, type Pdfium } from "./instance.ts";

/** `FPDF_PAGEOBJ_*`. */
export type ObjectKind = "text" | "path" | "image" | "shading" | "other";
const KINDS: Record<number, ObjectKind> = { 1: "text", 2: "path", 3: "image", 4: "shading" };
const FORM = 5;

/** `a b c d e f` of a transformation (ISO 32000-2, 8.3.3). */
export type Matrix = readonly [number, number, number, number, number, number];

/** Something that a page paints, in the order of painting; forms are opened. */
export interface PageObject {
  kind: ObjectKind;
  handle: number;
  /** Of an image: what takes the unit square to the page. */
  matrix: Matrix;
  /** Text that is not painted, as that which OCR lays over a scan. */
  invisible: boolean;
}

const IDENTITY: Matrix = [1, 0, 0, 1, 0, 0];
const MAX_DEPTH = 8;
/** `FPDF_TEXTRENDERMODE_INVISIBLE`. */
const INVISIBLE = 3;

/** What a page paints; undefined where that is more than `limit` things, or forms lie too deep in each other. */
export function objectsOf(pdfium: Pdfium, page: number, limit: number): PageObject[] | undefined {
  const { call } = pdfium;
  const found: PageObject[] = [];
  const add = (handle: number, outer: Matrix, depth: number): boolean => {
    if (found.length >= limit || depth > MAX_DEPTH) return false;
    const type = call.FPDFPageObj_GetType(handle);
    if (type === FORM) {
      const inner = multiply(matrixOf(pdfium, handle), outer);
      const count = call.FPDFFormObj_CountObjects(handle);
      for (let index = 0; index < count; index++)
        if (!add(call.FPDFFormObj_GetObject(handle, index), inner, depth + 1)) return false;
      return true;
    }
    const kind = KINDS[type] ?? "other";
    found.push({
      kind,
      handle,
      matrix: kind === "image" ? multiply(matrixOf(pdfium, handle), outer) : IDENTITY,
      invisible: kind === "text" && call.FPDFTextObj_GetTextRenderMode(handle) === INVISIBLE,
    });
    return true;
  };
  const count = call.FPDFPage_CountObjects(page);
  for (let index = 0; index < count; index++)
    if (!add(call.FPDFPage_GetObject(page, index), IDENTITY, 0)) return undefined;
  return found;
}

function matrixOf(pdfium: Pdfium, handle: number): Matrix {
  return borrow(pdfium, 24, (pointer) => {
    pdfium.call.FPDFPageObj_GetMatrix(handle, pointer);
    const view = pdfium.view();
    const at = (index: number) => view.getFloat32(pointer + index * 4, true);
    return [at(0), at(1), at(2), at(3), at(4), at(5)];
  });
}

function multiply([a, b, c, d, e, f]: Matrix, [A, B, C, D, E, F]: Matrix): Matrix {
  return [a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F];
}

/** A rectangle in the page's own points, y upwards, before any turn. */
export interface Box {
  left: number;
  bottom: number;
  right: number;
  top: number;
}

/** What is seen of a page: where CropBox and MediaBox meet. */
export function boxOf(pdfium: Pdfium, page: number): Box {
  return borrow(pdfium, 16, (pointer) => {
    pdfium.call.FPDF_GetPageBoundingBox(page, pointer);
    const view = pdfium.view();
    const at = (index: number) => view.getFloat32(pointer + index * 4, true);
    return { left: at(0), top: at(1), right: at(2), bottom: at(3) };
  });
}
