import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Binary, type Data, makeData, type Struct } from "apache-arrow";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { createColumnBuilder } from "./arrow-columns.ts";
import { imageType } from "./arrow-types.ts";

/** The image of a row; undefined where the row has none. */
export interface ImageReference {
  /** Relative to `assets/`. */
  path: string;
  /** What it was called when it was uploaded. */
  sourceName: string | null;
  bytes: number;
}

const READS_IN_FLIGHT = 8;

/** Sizes of the assets; undefined for one that is missing. No asset is opened. */
export function findSizes(
  lake: Lake,
  images: readonly (ImageReference | undefined)[],
): Promise<(number | undefined)[]> {
  return mapConcurrent(images, READS_IN_FLIGHT * 4, async (image) => {
    if (image === undefined) return 0;
    try {
      return (await stat(lake.layout.asset(image.path))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  });
}

/**
 * The image column with the bytes of the assets, read straight into the buffer that is written. `sizes` are those of
 * the files, in bytes.
 */
export async function embedImages(
  lake: Lake,
  images: readonly (ImageReference | undefined)[],
  sizes: readonly number[],
): Promise<Data> {
  const offsets = new Int32Array(images.length + 1);
  for (const [at, size] of sizes.entries()) offsets[at + 1] = (offsets[at] ?? 0) + size;
  const heap = new Uint8Array(offsets[images.length] ?? 0);
  await mapConcurrent(images, READS_IN_FLIGHT, async (image, at) => {
    if (image === undefined) return;
    await readInto(lake.layout.asset(image.path), heap.subarray(offsets[at], offsets[at + 1]));
  });
  const nulls = nullsOf(images);
  const bytes = makeData({
    type: new Binary(),
    length: images.length,
    ...nulls,
    valueOffsets: offsets,
    data: heap,
  });
  const names = images.map((image) => image && basename(image.sourceName ?? image.path));
  return structOf(images, bytes as Data, texts(names));
}

/** The image column with absolute paths into the lake; `datasets` opens them when they are looked at. */
export function referImages(lake: Lake, images: readonly (ImageReference | undefined)[]): Data {
  const blobs = createColumnBuilder({ kind: "scalar", name: "BLOB" });
  for (const _ of images) blobs.append(null);
  return structOf(
    images,
    blobs.finish(),
    texts(images.map((image) => image && lake.layout.asset(image.path))),
  );
}

async function readInto(path: string, target: Uint8Array): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await file.read(target, at, target.length - at);
      if (bytesRead === 0)
        throw new AppError("corrupt", `${path} became shorter while it was read; check the file system`);
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function texts(values: readonly (string | undefined)[]): Data {
  const builder = createColumnBuilder({ kind: "scalar", name: "VARCHAR" });
  for (const value of values) builder.append(value ?? null);
  return builder.finish();
}

function structOf(images: readonly (ImageReference | undefined)[], bytes: Data, paths: Data): Data {
  const type = imageType() as Struct;
  return makeData({ type, length: images.length, ...nullsOf(images), children: [bytes, paths] }) as Data;
}

function nullsOf(images: readonly (ImageReference | undefined)[]): {
  nullCount: number;
  nullBitmap: Uint8Array | null;
} {
  const nullBitmap = new Uint8Array((images.length + 7) >> 3);
  let nullCount = 0;
  for (const [at, image] of images.entries()) {
    if (image === undefined) nullCount += 1;
    else nullBitmap[at >> 3] = (nullBitmap[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return { nullCount, nullBitmap: nullCount === 0 ? null : nullBitmap };
}
