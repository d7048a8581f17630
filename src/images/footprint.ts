import type { ImageFacts } from "./facts.ts";

/** What a decode by strips holds, beside the rows in work. */
const STRIP_BYTES = 4_000_000;

/** Bytes of all samples of the first page. */
export function sampleBytes({ storedWidth, storedHeight, colours, alpha, bits }: ImageFacts): number {
  const channels = (colours === "grey" ? 1 : colours === "rgb" ? 3 : 4) + (alpha ? 1 : 0);
  return storedWidth * storedHeight * channels * (bits > 8 || bits === 0 ? 2 : 1);
}

/** Bytes that reading all of an image takes at once, about. */
export function memoryOfCheck(facts: ImageFacts): number {
  const { storedWidth, storedHeight, format, whole } = facts;
  const pixels = storedWidth * storedHeight;
  switch (format) {
    case "jpeg": // coefficients of 2 bytes, of three whole planes at most
      return STRIP_BYTES + (whole ? pixels * 6 : storedWidth * 64);
    case "png":
      return STRIP_BYTES + (whole ? sampleBytes(facts) * 2 : storedWidth * 64);
    case "gif": // a canvas of 4 bytes a pixel, and the one before it
      return STRIP_BYTES + pixels * 8;
    case "tiff": // a strip may be the whole page
      return STRIP_BYTES + sampleBytes(facts);
    default:
      return STRIP_BYTES + pixels * 8;
  }
}

/** Bytes that its samples take, decoded and copied; of a JPEG that is made of them also the coefficients. */
export function memoryOfPixels(facts: ImageFacts, isEncoded: boolean): number {
  return memoryOfCheck(facts) + sampleBytes(facts) * (isEncoded ? 4 : 2);
}
