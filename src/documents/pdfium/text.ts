import { borrow, type Pdfium } from "./instance.ts";
import type { Box } from "./objects.ts";

/** A character of a page, in the order of reading that PDFium finds. */
export interface Character {
  text: string;
  /** In the page's own points; undefined of what PDFium put between words and lines. */
  box: Box | undefined;
  /** Painted with nothing, as that which OCR lays over a scan. */
  invisible: boolean;
  /** What it is in Unicode is not known. */
  unmapped: boolean;
  /** Its text object. */
  object: number;
}

/** `FPDF_TEXTRENDERMODE_INVISIBLE`. */
const INVISIBLE = 3;

/** The characters of a page. */
export function charactersOf(pdfium: Pdfium, page: number): Character[] {
  const { call } = pdfium;
  const text = call.FPDFText_LoadPage(page);
  if (text === 0) return [];
  const modes = new Map<number, number>();
  const modeOf = (object: number) => {
    const known = modes.get(object);
    if (known !== undefined) return known;
    const mode = object === 0 ? -1 : call.FPDFTextObj_GetTextRenderMode(object);
    modes.set(object, mode);
    return mode;
  };
  try {
    const count = Math.max(0, call.FPDFText_CountChars(text));
    return borrow(pdfium, 32, (corners) =>
      Array.from({ length: count }, (_, index): Character => {
        const object = call.FPDFText_GetTextObject(text, index);
        const generated = call.FPDFText_IsGenerated(text, index) === 1;
        return {
          text: characterOf(call.FPDFText_GetUnicode(text, index)),
          box: generated ? undefined : boxAt(pdfium, { text, index, corners }),
          invisible: modeOf(object) === INVISIBLE,
          unmapped: call.FPDFText_HasUnicodeMapError(text, index) === 1,
          object,
        };
      }),
    );
  } finally {
    call.FPDFText_ClosePage(text);
  }
}

/** Halves of a pair stay as they are: side by side they are one again. */
function characterOf(code: number): string {
  if (code === 0 || code > 0x10ffff) return "\ufffd";
  return code <= 0xffff ? String.fromCharCode(code) : String.fromCodePoint(code);
}

/** Of its ink; of glyphs without any, as those of OCR's own fonts, of the space that they take. */
function boxAt(
  pdfium: Pdfium,
  { text, index, corners }: { text: number; index: number; corners: number },
): Box | undefined {
  const { call } = pdfium;
  const found = call.FPDFText_GetCharBox(text, index, corners, corners + 8, corners + 16, corners + 24);
  const view = pdfium.view();
  const double = (at: number) => view.getFloat64(corners + at * 8, true);
  const float = (at: number) => view.getFloat32(corners + at * 4, true);
  const tight = { left: double(0), right: double(1), bottom: double(2), top: double(3) };
  if (found !== 0 && tight.right > tight.left && tight.top > tight.bottom) return tight;
  if (call.FPDFText_GetLooseCharBox(text, index, corners) === 0) return undefined;
  return { left: float(0), top: float(1), right: float(2), bottom: float(3) };
}
