import { formatCount } from "../../util/format.ts";
import type { Counter } from "./counts.ts";
import type { SampleImage } from "./sample.ts";

/** How a trainer cuts rows that are too long. */
export interface TokenLimit {
  /** Who cuts, and the name of its setting. */
  trainer: string;
  setting: string;
  /** Its default. */
  tokens: number;
  /** To so many pixels images are shrunk before they become tokens. */
  imagePixels: number;
}

/** Adds up what rows take, and says at the end which length they need. */
export interface TokenMeter {
  add(texts: readonly string[], images: readonly SampleImage[]): void;
  finish(): void;
}

/** Pixels of one image token, as of Qwen2.5-VL: 28 x 28. */
const TOKEN_SIDE = 28;
/** Of the words around a message. */
const MESSAGE_TOKENS = 8;
const ROUND_TO = 1024;

export function createTokenMeter(limit: TokenLimit, counter: Counter): TokenMeter {
  let [rows, over, longest] = [0, 0, 0];
  return {
    add: (texts, images) => {
      let tokens = texts.length * MESSAGE_TOKENS;
      for (const text of texts) tokens += textTokens(text);
      for (const image of images) tokens += imageTokens(image, limit.imagePixels);
      rows++;
      if (tokens > limit.tokens) over++;
      if (tokens > longest) longest = tokens;
    },
    finish: () => {
      if (rows === 0) return;
      const { setting, trainer } = limit;
      const needed = Math.ceil(longest / ROUND_TO) * ROUND_TO;
      counter.counts.tokens = { longest, over, setting, default: limit.tokens, needed };
      if (over === 0) return;
      counter.note(
        `${formatCount(over)} of ${formatCount(rows)} rows have more than ${formatCount(limit.tokens)} tokens, where ${trainer} cuts them by default; the longest has about ${formatCount(longest)}: set ${setting} to ${needed}`,
      );
    },
  };
}

/**
 * About how many tokens a text becomes, rather too many than too few: a letter of Korean, Chinese or Japanese is one, so is
 * a digit or a sign, and three other letters are one.
 */
export function textTokens(text: string): number {
  let thirds = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const isLetter = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 32;
    thirds += isLetter || (code >= 128 && code < 0x1100) ? 1 : 3;
  }
  return Math.ceil(thirds / 3);
}

function imageTokens({ width, height }: SampleImage, mostPixels: number): number {
  const shrink = Math.min(1, Math.sqrt(mostPixels / (width * height)));
  return Math.ceil((width * shrink) / TOKEN_SIDE) * Math.ceil((height * shrink) / TOKEN_SIDE);
}
