import { readFile, writeFile } from "node:fs/promises";
import type { Task } from "../messages.ts";
import { ImageFault, imageAboveLimit } from "../reasons.ts";
import { type DeepSamples, encodeDeepPng } from "./deep-samples.ts";
import { decodeHeic, inspectHeic } from "./heic.ts";
import { encodeInkTiff } from "./ink-tiff.ts";
import { decodeJp2, jp2Problem } from "./jp2.ts";
import { readJp2Header } from "./jp2-header.ts";

type ConvertTask = Extract<Task, { kind: "convert" }>;

export interface ConvertResult {
  ok: true;
  /** In pixels, upright. */
  width: number;
  height: number;
  /** In the file; the first is what was taken. */
  images: number;
  /** Of a sample in the file. */
  bitDepth: number;
}

/** Decodes an image in its turn; the function that it gives writes the PNG, or of inks the TIFF. Throws `ImageFault`. */
export async function beginConvert({
  path,
  format,
  maxPixels,
  output,
}: ConvertTask): Promise<() => Promise<ConvertResult>> {
  const bytes = new Uint8Array(await readFile(path));
  const { samples, images } = await (format === "heic"
    ? readHeic(bytes, maxPixels)
    : readJp2(bytes, maxPixels));
  const { width, height, bits } = samples;
  return async () => {
    await writeFile(output, samples.inks === true ? encodeInkTiff(samples) : await encodeDeepPng(samples));
    return { ok: true, width, height, images, bitDepth: bits };
  };
}

interface Read {
  samples: DeepSamples;
  images: number;
}

async function readHeic(bytes: Uint8Array, maxPixels: number): Promise<Read> {
  const facts = await inspectHeic(bytes);
  if (facts.width * facts.height > maxPixels) throw imageAboveLimit(facts, maxPixels);
  return decodeHeic(bytes, facts);
}

async function readJp2(bytes: Uint8Array, maxPixels: number): Promise<Read> {
  const header = readJp2Header(bytes);
  const problem = jp2Problem(header);
  if (header === undefined || problem !== undefined) throw new ImageFault(problem ?? "");
  if (header.width * header.height > maxPixels) throw imageAboveLimit(header, maxPixels);
  return { samples: await decodeJp2(bytes), images: 1 };
}
