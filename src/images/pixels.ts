/** Decoded samples before rotation: top row first, interleaved channels. */
export interface Pixels {
  data: Uint8Array;
  width: number;
  height: number;
  channels: number;
  /** `uchar`: 8 bits per sample; `ushort`: 16 bits in native byte order. */
  depth: "uchar" | "ushort";
}

/** Whether the alpha channel, the last of two or four, is fully opaque. */
export function isOpaque({ data, channels, depth }: Pixels): boolean {
  const samples =
    depth === "ushort" ? new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2) : data;
  const full = depth === "ushort" ? 65535 : 255;
  for (let at = channels - 1; at < samples.length; at += channels) if (samples[at] !== full) return false;
  return true;
}

export function toEightBits(pixels: Pixels): Pixels {
  if (pixels.depth === "uchar") return pixels;
  const { data } = pixels;
  const high = new Uint8Array(data.byteLength / 2);
  for (let at = 0; at < high.length; at++) high[at] = data[at * 2 + 1] ?? 0;
  return { ...pixels, data: high, depth: "uchar" };
}
