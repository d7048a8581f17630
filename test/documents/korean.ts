/** Text in fonts of the machine, as Korean programs name them without putting them into the PDF. */
import { resolve } from "node:path";

export const NOTO_SANS_KR = resolve(
  import.meta.dir,
  "../../node_modules/@embedpdf/fonts-kr/fonts/NotoSansKR-Regular.otf",
);

/** A font that is not in the document; `ordering` is the character collection: Korea1, Japan1. */
export function absentFont(name: string, encoding: string, ordering: string): string {
  const descriptor = `<</Type/FontDescriptor/FontName/${name}/Flags 4/Ascent 800/Descent -200/CapHeight 700/ItalicAngle 0/StemV 80/FontBBox[0 -200 1000 900]>>`;
  const info = `<</Registry(Adobe)/Ordering(${ordering})/Supplement 1>>`;
  const descendant = `<</Type/Font/Subtype/CIDFontType2/BaseFont/${name}/CIDSystemInfo ${info}/DW 920/FontDescriptor ${descriptor}>>`;
  return `<</Type/Font/Subtype/Type0/BaseFont/${name}/Encoding/${encoding}/DescendantFonts[${descendant}]>>`;
}

export const BATANG = absentFont("Batang", "UniKS-UCS2-H", "Korea1");

/** Operators that write a text of Unicode's first plane. */
export function show(text: string, { x, y, size = 20 }: { x: number; y: number; size?: number }): string {
  const codes = Buffer.from(text, "utf16le").swap16().toString("hex");
  return `BT /K ${size} Tf 1 0 0 1 ${x} ${y} Tm <${codes}> Tj ET`;
}
