import { deflateSync } from "node:zlib";
import { LONG, SHORT, type TiffField, tiffFile, UNDEFINED } from "../tiff-file.ts";
import { type DeepSamples, filledSamples } from "./deep-samples.ts";

const DEFLATE = 8;
/** Of photometric interpretations; 0 is no ink. */
const SEPARATED = 5;
const PROFILE = 34675;

/** Samples in cyan, magenta, yellow and black as a TIFF (TIFF 6.0, section 16), which PNG cannot hold; as deep as they are. */
export function encodeInkTiff(samples: DeepSamples): Uint8Array {
  const { width, height, bits, profile } = samples;
  const deep = bits > 8 ? 16 : 8;
  const fields: TiffField[] = [
    [256, LONG, [width]],
    [257, LONG, [height]],
    [258, SHORT, [deep, deep, deep, deep]],
    [259, SHORT, [DEFLATE]],
    [262, SHORT, [SEPARATED]],
    [277, SHORT, [4]], // samples a pixel
    [278, LONG, [height]], // rows a strip
  ];
  if (profile !== undefined) fields.push([PROFILE, UNDEFINED, profile]);
  const { buffer, byteOffset, byteLength } = filledSamples(samples);
  return tiffFile(fields, deflateSync(new Uint8Array(buffer, byteOffset, byteLength), { level: 2 }));
}
