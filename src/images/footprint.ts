import type { ImageFacts } from "./facts.ts";

/** Memory of a decode by strips, apart from the rows being processed. */
const STRIP_BYTES = 4_000_000;

export function sampleBytes({ storedWidth, storedHeight, colours, alpha, bits }: ImageFacts): number {
  const channels = (colours === "grey" ? 1 : colours === "rgb" ? 3 : 4) + (alpha ? 1 : 0);
  return storedWidth * storedHeight * channels * (bits > 8 || bits === 0 ? 2 : 1);
}

/** Approximate peak memory of reading a whole image, in bytes. */
export function memoryOfCheck(facts: ImageFacts): number {
  const { storedWidth, storedHeight, format, whole } = facts;
  const pixels = storedWidth * storedHeight;
  switch (format) {
    case "jpeg": // 2-byte coefficients of up to three full planes
      return STRIP_BYTES + (whole ? pixels * 6 : storedWidth * 64);
    case "png":
      return STRIP_BYTES + (whole ? sampleBytes(facts) * 2 : storedWidth * 64);
    case "gif": // the current and the previous canvas, 4 bytes per pixel
      return STRIP_BYTES + pixels * 8;
    case "tiff": // a strip may be the whole page
      return STRIP_BYTES + sampleBytes(facts);
    default:
      return STRIP_BYTES + pixels * 8;
  }
}

/** Memory of decoded samples and a copy, in bytes; with JPEG encoding also the coefficients. */
export function memoryOfPixels(facts: ImageFacts, isEncoded: boolean): number {
  return memoryOfCheck(facts) + sampleBytes(facts) * (isEncoded ? 4 : 2);
}
