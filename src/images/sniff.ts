/** Supported image formats with the file extension of an asset. */
export const IMAGE_FORMATS = {
  jpeg: "jpg",
  png: "png",
  webp: "webp",
  avif: "avif",
  gif: "gif",
  tiff: "tiff",
  bmp: "bmp",
} as const;
export type ImageFormat = keyof typeof IMAGE_FORMATS;

export const IMAGE_EXTENSIONS: readonly string[] = Object.values(IMAGE_FORMATS);

/** Format by the first 64 bytes; undefined if it is not supported. */
export function sniffFormat(head: Uint8Array): ImageFormat | undefined {
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  if (head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff) return "jpeg";
  if (text(0, 8) === "\x89PNG\r\n\x1a\n") return "png";
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return "webp";
  if (text(4, 8) === "ftyp" && isAvif(text(8, 64))) return "avif";
  if (/^GIF8[79]a$/.test(text(0, 6))) return "gif";
  if (/^(II\*\0|MM\0\*|II\+\0|MM\0\+)$/.test(text(0, 4))) return "tiff";
  if (text(0, 2) === "BM") return "bmp";
  return undefined;
}

/** By its major brand, or as a compatible brand of a general one (ISO/IEC 23008-12 with AV1). */
function isAvif(brands: string): boolean {
  if (/^(avif|avis)/.test(brands)) return true;
  return brands.startsWith("mif1") && /^.{8}(.{4})*?(avif|avis)/s.test(brands);
}
