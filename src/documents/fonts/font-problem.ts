import { borrow, type Pdfium } from "../pdfium/instance.ts";
import type { PageObject } from "../pdfium/objects.ts";
import type { Character } from "../pdfium/text.ts";
import type { FontSource, MissingFont } from "./provide-fonts.ts";

/** PDFium's own fonts, which it takes for those that it was not given. They have Latin, Greek and Cyrillic. */
const OWN = /^Chrom/;
const FOREIGN =
  /[^\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Common}\p{Script=Inherited}]/u;
const SCRIPTS: [RegExp, string][] = [
  [/\p{Script=Hangul}/u, "Korean"],
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, "Japanese"],
  [/\p{Script=Han}/u, "Chinese"],
];

const SAVE = "save the PDF with its fonts in it";

/**
 * Whether a page that was drawn lacks text: its font is not in the document, and what stands in for it has no such glyphs.
 * `asked`: fonts that were missed while it was drawn, as those of annotations. Gives the end of a sentence.
 */
export function fontProblem(
  pdfium: Pdfium,
  page: { objects: readonly PageObject[]; characters: () => readonly Character[] },
  { asked, fonts }: { asked: readonly MissingFont[]; fonts: Pick<FontSource, "scriptOf" | "hasKorean"> },
): string | undefined {
  const [first] = asked;
  if (first !== undefined) return absent(first.script, first.face);
  if (!page.objects.some((object) => isShownText(object) && isStoodIn(pdfium, fontOf(pdfium, object.handle))))
    return undefined;
  const checked = new Map<number, boolean>();
  for (const { text, object, invisible, unmapped } of page.characters()) {
    if (invisible || object === 0 || !(unmapped || FOREIGN.test(text))) continue;
    let stoodIn = checked.get(object);
    if (stoodIn === undefined) {
      stoodIn = isStoodIn(pdfium, fontOf(pdfium, object));
      checked.set(object, stoodIn);
    }
    if (!stoodIn) continue;
    const face = nameOf(pdfium, "FPDFFont_GetBaseFontName", fontOf(pdfium, object));
    if (unmapped) return `uses the font ${face} by the numbers of its glyphs, and does not hold it; ${SAVE}`;
    const script = fonts.scriptOf(face) ?? SCRIPTS.find(([letters]) => letters.test(text))?.[1];
    // Who could have given one was not asked: the PDF says which letters they are, but not to what draws them.
    return script === "Korean" && fonts.hasKorean() ? irreplaceable(face) : absent(script, face);
  }
  return undefined;
}

function absent(script: string | undefined, face: string): string {
  if (script === "Korean")
    return `uses the Korean font ${face}, which is not in the PDF nor on this machine; name a font file with --font`;
  const kind = script === undefined ? "font" : `${script} font`;
  return `uses the ${kind} ${face}, which is not in the PDF; only Korean fonts are replaced, ${SAVE}`;
}

function irreplaceable(face: string): string {
  return `uses the Korean font ${face}, which is not in the PDF and for which no other can stand in; ${SAVE}`;
}

function isShownText({ kind, invisible }: PageObject): boolean {
  return kind === "text" && !invisible;
}

function fontOf({ call }: Pdfium, text: number): number {
  return call.FPDFTextObj_GetFont(text);
}

function isStoodIn(pdfium: Pdfium, font: number): boolean {
  if (font === 0 || pdfium.call.FPDFFont_GetIsEmbedded(font) === 1) return false;
  return OWN.test(nameOf(pdfium, "FPDFFont_GetFamilyName", font));
}

function nameOf(
  pdfium: Pdfium,
  what: "FPDFFont_GetBaseFontName" | "FPDFFont_GetFamilyName",
  font: number,
): string {
  const size = pdfium.call[what](font, 0, 0);
  if (size === 0) return "";
  return borrow(pdfium, size, (name) => {
    pdfium.call[what](font, name, size);
    return pdfium.textAt(name);
  });
}
