import { readFileSync } from "node:fs";
import type { Pdfium } from "../pdfium/instance.ts";
import { readTable } from "./sfnt.ts";
import { chooseFont, type InstalledFont } from "./system-fonts.ts";

/** Windows' numbers of the scripts whose glyphs PDFium does not have itself (wingdi.h). */
const SCRIPTS: Record<number, string> = { 128: "Japanese", 129: "Korean", 134: "Chinese", 136: "Chinese" };
const KOREAN = 129;

/** A font that a page wanted and that nobody has. */
export interface MissingFont {
  /** As the PDF names it. */
  face: string;
  script: string;
}

/** What PDFium is given in place of fonts that a PDF names and does not hold. */
export interface FontSource {
  /** Missing since the last call, each once. */
  takeMissing(): MissingFont[];
  /** Of a font that was missed ever. */
  scriptOf(face: string): string | undefined;
  /** Whether a Korean font is given where one is asked for. */
  hasKorean(): boolean;
}

const COLLECTION_TAG = 0x74746366; // ttcf

/** Answers PDFium's questions for fonts (FPDF_SYSFONTINFO, version 1) with the Korean fonts that `fonts` gives. */
export function provideFonts(pdfium: Pdfium, fonts: () => readonly InstalledFont[]): FontSource {
  const given = new Map<number, { font: InstalledFont; bytes: Uint8Array; charset: number }>();
  const files = new Map<string, Uint8Array>();
  const missing = new Map<string, MissingFont>();
  const scripts = new Map<string, string>();
  let next = 1;
  const mapFont = (charset: number, face: string): number => {
    const script = SCRIPTS[charset];
    if (script === undefined) return 0; // PDFium has glyphs of its own
    const font = charset === KOREAN ? chooseFont(fonts(), face) : undefined;
    if (font === undefined) {
      missing.set(face, { face, script });
      scripts.set(face, script);
      return 0;
    }
    const bytes = files.get(font.path) ?? new Uint8Array(readFileSync(font.path));
    files.set(font.path, bytes);
    given.set(next, { font, bytes, charset });
    return next++;
  };
  const getData = (handle: number, table: number, buffer: number, size: number): number => {
    const found = given.get(handle);
    if (found === undefined) return 0;
    const { font, bytes } = found;
    const data = dataOf(bytes, font.offset, table);
    if (data === undefined) return 0;
    if (buffer !== 0 && size >= data.length) pdfium.bytes().set(data, buffer);
    return data.length;
  };
  const callbacks: [(...values: number[]) => number, string][] = [
    [() => 0, "vi"], // Release
    [() => 0, "vii"], // EnumFonts
    [
      (_self, _weight, _italic, charset = 0, _pitch, face = 0) => mapFont(charset, pdfium.textAt(face)),
      "iiiiiiii",
    ],
    [() => 0, "iii"], // GetFont
    [(_self, handle = 0, table = 0, buffer = 0, size = 0) => getData(handle, table, buffer, size), "iiiiii"],
    [() => 0, "iiiii"], // GetFaceName
    [(_self, handle = 0) => given.get(handle)?.charset ?? 0, "iii"],
    [
      (_self, handle = 0) => {
        given.delete(handle);
        return 0;
      },
      "vii",
    ],
  ];
  const info = pdfium.call.malloc(4 + callbacks.length * 4); // kept: PDFium asks as long as it lives
  const pointers = callbacks.map(([callback, signature]) => pdfium.pointerTo(callback, signature));
  const view = pdfium.view();
  view.setInt32(info, 1, true); // version
  for (const [index, pointer] of pointers.entries()) view.setInt32(info + 4 + index * 4, pointer, true);
  pdfium.call.FPDF_SetSystemFontInfo(info);
  return {
    scriptOf: (face) => scripts.get(face),
    hasKorean: () => fonts().length > 0,
    takeMissing: () => {
      const found = [...missing.values()];
      missing.clear();
      return found;
    },
  };
}

/**
 * Table 0 is the whole file. Of a collection PDFium takes the difference of both sizes for the place of the font in it,
 * and reads the file under the collection's own tag.
 */
function dataOf(bytes: Uint8Array, offset: number, table: number): Uint8Array | undefined {
  if (table === 0) return bytes.subarray(offset);
  const isCollection = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) === COLLECTION_TAG;
  if (table === COLLECTION_TAG) return isCollection ? bytes : undefined;
  return readTable((from, length) => bytes.subarray(from, from + length), offset, table);
}
