import type { Box } from "./pdfium/objects.ts";
import type { Character } from "./pdfium/text.ts";

/** A word and where it stands, in pixels of the stored page from its upper left corner. */
export interface Word {
  text: string;
  bbox: [x0: number, y0: number, x1: number, y1: number];
}

export interface TextLayer {
  /** `invisible`: somebody's OCR over a scan; `visible`: text that the page shows. */
  kind: "invisible" | "visible" | "mixed";
  /** Of the stored page, in pixels. */
  width: number;
  height: number;
  /** All words, so that a text of several is found: lines as the page has them. */
  text: string;
  words: Word[];
}

/** How the points of a page become pixels: what of it is stored, turned clockwise, in how many pixels. */
export interface Placement {
  box: Box;
  quarters: number;
  width: number;
  height: number;
}

/**
 * The words of a page, split at white space. `covered`: nothing of the text is seen, whatever it says. Undefined where
 * there is none.
 */
export function textLayerOf(
  characters: readonly Character[],
  { placement, covered }: { placement: Placement; covered: boolean },
): TextLayer | undefined {
  const { width, height } = placement;
  const found = splitWords(characters).flatMap(({ text, boxes, invisible, isOnNewLine }) => {
    const bbox = within(
      boxes.map((box) => toPixels(box, placement)),
      placement,
    );
    return bbox === undefined ? [] : [{ word: { text, bbox }, hidden: covered || invisible, isOnNewLine }];
  });
  if (found.length === 0) return undefined;
  const hidden = found.filter((one) => one.hidden).length;
  const kind = hidden === found.length ? "invisible" : hidden === 0 ? "visible" : "mixed";
  const pieces = found.map(
    ({ word, isOnNewLine }, at) => `${at === 0 ? "" : isOnNewLine ? "\n" : " "}${word.text}`,
  );
  return { kind, width, height, text: pieces.join(""), words: found.map(({ word }) => word) };
}

interface RawWord {
  text: string;
  boxes: Box[];
  invisible: boolean;
  isOnNewLine: boolean;
}

/** Where Unicode sees a space, and where a page hides a control character. */
const GAP = /^[\s\p{Cc}\u200b\ufeff\ufffe\uffff]*$/u;

function splitWords(characters: readonly Character[]): RawWord[] {
  const words: RawWord[] = [];
  let word: RawWord | undefined;
  let isOnNewLine = false;
  for (const { text, box, invisible } of characters) {
    if (GAP.test(text)) {
      word = undefined;
      isOnNewLine ||= /[\r\n]/.test(text);
    } else if (box !== undefined) {
      if (word === undefined || word.invisible !== invisible) {
        word = { text: "", boxes: [], invisible, isOnNewLine };
        words.push(word);
        isOnNewLine = false;
      }
      word.text += text;
      word.boxes.push(box);
    }
  }
  return words.map((one) => ({ ...one, text: one.text.normalize("NFC") }));
}

type Rectangle = Word["bbox"];

/** The page's y goes upwards, before any turn; pixels go down, as the page is seen. */
function toPixels({ left, bottom, right, top }: Box, { box, quarters, width, height }: Placement): Rectangle {
  const across = box.right - box.left;
  const up = box.top - box.bottom;
  const [x0, x1] = [(left - box.left) / across, (right - box.left) / across];
  const [y0, y1] = [(box.top - top) / up, (box.top - bottom) / up];
  switch (quarters % 4) {
    case 1:
      return [(1 - y1) * width, x0 * height, (1 - y0) * width, x1 * height];
    case 2:
      return [(1 - x1) * width, (1 - y1) * height, (1 - x0) * width, (1 - y0) * height];
    case 3:
      return [y0 * width, (1 - x1) * height, y1 * width, (1 - x0) * height];
    default:
      return [x0 * width, y0 * height, x1 * width, y1 * height];
  }
}

/** Around all of them, as far as it is on the page, to a tenth; undefined where nothing of it is. */
function within(rectangles: readonly Rectangle[], { width, height }: Placement): Rectangle | undefined {
  const clamp = (value: number, limit: number) => Math.round(Math.min(Math.max(value, 0), limit) * 10) / 10;
  const x0 = clamp(Math.min(...rectangles.map((one) => one[0])), width);
  const y0 = clamp(Math.min(...rectangles.map((one) => one[1])), height);
  const x1 = clamp(Math.max(...rectangles.map((one) => one[2])), width);
  const y1 = clamp(Math.max(...rectangles.map((one) => one[3])), height);
  return x1 > x0 && y1 > y0 ? [x0, y0, x1, y1] : undefined;
}
