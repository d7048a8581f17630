import { AppError } from "../errors.ts";
import { type FontSource, provideFonts } from "./fonts/provide-fonts.ts";
import { findKoreanFonts, fontFolders, type InstalledFont, readInstalled } from "./fonts/system-fonts.ts";
import { keepOpen, type OpenDocument } from "./open-document.ts";
import { type Pdfium, startPdfium } from "./pdfium/instance.ts";

/** PDFium with fonts, and the document that is open in it. */
export interface Workplace {
  pdfium: Pdfium;
  fonts: FontSource;
  open: OpenDocument;
}

/**
 * Starts PDFium with the fonts of a file, or with those of this machine, which are looked for when the first is wanted.
 * Throws `invalid_input` for a file that is no font.
 */
export async function openWorkplace(font: string | null, heapBytes: number): Promise<Workplace> {
  const named = font === null ? undefined : readInstalled(font);
  if (named?.length === 0)
    throw new AppError("invalid_input", `${font} is no font file; name a .ttf, .otf or .ttc file`);
  if (named?.every(({ hangul }) => !hangul))
    throw new AppError("invalid_input", `the font ${font} has no Korean; name another file with --font`);
  const pdfium = await startPdfium(heapBytes);
  const fonts = provideFonts(pdfium, () => named ?? installedFonts());
  return { pdfium, fonts, open: keepOpen(pdfium) };
}

let installed: InstalledFont[] | undefined;

function installedFonts(): InstalledFont[] {
  installed ??= findKoreanFonts(fontFolders());
  return installed;
}
