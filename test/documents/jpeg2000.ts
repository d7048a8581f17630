/** Writes JPEG 2000 codestreams and files with OpenJPEG's encoder, which the program does not have. */
import { loadOpenJpegEncoder } from "./openjpeg-encoder.ts";

export interface Jp2Samples {
  /** Interleaved; of more than 8 bits two bytes each, the lower one first. */
  data: Uint8Array;
  width: number;
  height: number;
  channels: 1 | 3 | 4;
  bits: number;
}

/** Without loss. */
export async function encodeJ2k({ data, width, height, channels, bits }: Jp2Samples): Promise<Uint8Array> {
  const { J2KEncoder } = await loadOpenJpegEncoder();
  const encoder = new J2KEncoder();
  const frame = { width, height, bitsPerSample: bits, componentCount: channels, isSigned: false };
  encoder.getDecodedBuffer({ ...frame, isUsingColorTransform: channels === 3 }).set(data);
  encoder.setQuality(true, 0);
  encoder.encode();
  return encoder.getEncodedBuffer().slice();
}

export function box(type: string, ...parts: Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(body.length + 8, 0);
  head.write(type, 4, "latin1");
  return Buffer.concat([head, body]);
}

/** The codestream in a file that says its colours: by the number of a space, or by a profile; with further boxes. */
export function jp2File(
  j2k: Uint8Array,
  { channels, bits, width, height }: Jp2Samples,
  colours: number | Uint8Array,
  ...more: Uint8Array[]
): Buffer {
  const header = Buffer.alloc(14);
  header.writeUInt32BE(height, 0);
  header.writeUInt32BE(width, 4);
  header.writeUInt16BE(channels, 8);
  header[10] = bits - 1;
  header[11] = 7;
  const space = Buffer.alloc(4);
  if (typeof colours === "number") space.writeUInt32BE(colours, 0);
  const colour =
    typeof colours === "number"
      ? box("colr", Buffer.from([1, 0, 0]), space)
      : box("colr", Buffer.from([2, 0, 0]), colours);
  return Buffer.concat([
    box("jP  ", Buffer.from([0x0d, 0x0a, 0x87, 0x0a])),
    box("ftyp", Buffer.from("jp2 \0\0\0\0jp2 ", "latin1")),
    box("jp2h", box("ihdr", header), colour, ...more),
    box("jp2c", j2k),
  ]);
}
