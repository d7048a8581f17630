import { open, stat } from "node:fs/promises";
import { basename, sep } from "node:path";
import {
  Binary,
  type Data,
  Field,
  List,
  makeData,
  type RecordBatch,
  type Struct,
  Utf8,
  type Vector,
} from "apache-arrow";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { outlive } from "../lake/view.ts";
import { imageType } from "../query/arrow/types.ts";
import { factColumn, type ImageColumn, type ImageFact } from "../schema/image-columns.ts";
import { mapConcurrent } from "../util/concurrent.ts";

/** The image of a row, or undefined. */
export interface ImageReference {
  /** Relative to `assets/`. */
  path: string;
  /** Its file name at upload. */
  sourceName: string | null;
  /** Size according to its row. */
  bytes: number | undefined;
}

type References = readonly (ImageReference | undefined)[];

const READS_IN_FLIGHT = 8;
const LOOKS_IN_FLIGHT = 32;

/** Asset sizes; undefined if missing or of another size than the row has, 0 without asset. Opens no file. */
export function findSizes(lake: Lake, images: References): Promise<(number | undefined)[]> {
  return mapConcurrent(images, LOOKS_IN_FLIGHT, async (image) => {
    if (image === undefined) return 0;
    const path = lake.layout.asset(image.path);
    const seen = await sizeOf(path, image);
    return seen === undefined && (await outlive(lake.view, path)) ? sizeOf(path, image) : seen;
  });
}

async function sizeOf(path: string, { bytes }: ImageReference): Promise<number | undefined> {
  try {
    const { size } = await stat(path);
    return bytes === undefined || bytes === size ? size : undefined;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Images of a batch column; for list columns those of each row in sequence. */
export interface BatchImages {
  images: (ImageReference | undefined)[];
  /** List columns: the start of each row's images plus the end of the last; `isNull` marks NULL lists. */
  lists: { starts: Int32Array; isNull: boolean[] } | undefined;
}

/** Index range of a row's images; `end` exclusive. */
export function placesOf({ lists }: BatchImages, row: number): { start: number; end: number } {
  return lists === undefined
    ? { start: row, end: row + 1 }
    : { start: lists.starts[row] ?? 0, end: lists.starts[row + 1] ?? 0 };
}

/** Rows with an asset that is not an image have a path but no width. */
export function referencesOf(batch: RecordBatch, column: ImageColumn): BatchImages {
  const fact = (name: ImageFact) => batch.getChild(factColumn(column, name));
  const facts = {
    paths: fact("path"),
    widths: fact("width"),
    names: fact("source_name"),
    sizes: fact("bytes"),
  };
  const images: (ImageReference | undefined)[] = [];
  if (!column.list) {
    for (let row = 0; row < batch.numRows; row++) images.push(referenceAt(facts, row));
    return { images, lists: undefined };
  }
  const starts = new Int32Array(batch.numRows + 1);
  const isNull: boolean[] = [];
  for (let row = 0; row < batch.numRows; row++) {
    const [paths, widths, names, sizes] = Object.values(facts).map(
      (vector) => (vector?.get(row) ?? null) as Vector | null,
    );
    const ofRow = { paths, widths, names, sizes };
    for (let at = 0; at < (paths?.length ?? 0); at++) images.push(referenceAt(ofRow, at));
    isNull.push(paths == null);
    starts[row + 1] = images.length;
  }
  return { images, lists: { starts, isNull } };
}

type FactVectors = Record<"paths" | "widths" | "names" | "sizes", Vector | null | undefined>;

function referenceAt({ paths, widths, names, sizes }: FactVectors, at: number): ImageReference | undefined {
  const path = widths?.isValid(at) ? (paths?.get(at) as string | null | undefined) : null;
  if (path == null) return undefined;
  return {
    path,
    sourceName: (names?.get(at) as string | null | undefined) ?? null,
    bytes: sizeAt(sizes, at),
  };
}

/** Builds a list column from its elements. */
export function listsOf(
  { starts, isNull }: NonNullable<BatchImages["lists"]>,
  elements: Data,
  { start, end }: { start: number; end: number },
): Data {
  const type = new List(new Field("item", elements.type, true));
  const first = starts[start] ?? 0;
  return makeData({
    type,
    length: end - start,
    ...nullsOf(isNull.slice(start, end).map((none) => (none ? undefined : true))),
    valueOffsets: starts.subarray(start, end + 1).map((at) => at - first),
    child: elements,
  }) as Data;
}

function sizeAt(sizes: Vector | null | undefined, row: number): number | undefined {
  const size = sizes?.get(row);
  return typeof size === "bigint" || typeof size === "number" ? Number(size) : undefined;
}

/** Reads images directly into the output buffer, which is reused for each batch. */
export function createImageReader(lake: Lake) {
  let heap = new Uint8Array(0);
  return {
    /** The image column with the asset bytes; `sizes` are file sizes, undefined for missing files. */
    read: async (images: References, sizes: readonly (number | undefined)[]): Promise<Data> => {
      const offsets = new Int32Array(images.length + 1);
      for (const [at, size] of sizes.entries()) offsets[at + 1] = (offsets[at] ?? 0) + (size ?? 0);
      const sizeBytes = offsets[images.length] ?? 0;
      if (heap.length < sizeBytes) heap = new Uint8Array(sizeBytes);
      await mapConcurrent(images, READS_IN_FLIGHT, async (image, at) => {
        if (image === undefined || sizes[at] === undefined) return;
        await readInto(lake.layout.asset(image.path), heap.subarray(offsets[at], offsets[at + 1]));
      });
      const nulls = nullsOf(images);
      const bytes = makeData({
        type: new Binary(),
        length: images.length,
        ...nulls,
        valueOffsets: offsets,
        data: heap.subarray(0, sizeBytes),
      });
      const names = images.map((image) => image && basename(image.sourceName ?? image.path));
      return structOf(images, bytes as Data, texts(names));
    },
  };
}

/**
 * The image column with absolute paths into the lake, for rows with path and width; `datasets` opens them on
 * access. Paths are built as bytes because there may be millions.
 */
export function referImages(lake: Lake, batch: RecordBatch, column: ImageColumn): Data {
  if (column.list) return referLists(lake, batch, column);
  const length = batch.numRows;
  const paths = batch.getChild(factColumn(column, "path"))?.data[0] as Data<Utf8>;
  const widths = batch.getChild(factColumn(column, "width"))?.data[0] as Data;
  const prefix = Buffer.from(lake.layout.asset(sep)); // ends with a separator
  const valueOffsets = new Int32Array(length + 1);
  const nullBitmap = new Uint8Array((length + 7) >> 3);
  const data = new Uint8Array(paths.values.length + length * prefix.length);
  let nullCount = 0;
  let end = 0;
  for (let row = 0; row < length; row++) {
    if (paths.getValid(row) && widths.getValid(row)) {
      nullBitmap[row >> 3] = (nullBitmap[row >> 3] as number) | (1 << (row & 7));
      data.set(prefix, end);
      const path = paths.values.subarray(paths.valueOffsets[row], paths.valueOffsets[row + 1]);
      data.set(path, end + prefix.length);
      end += prefix.length + path.length;
    } else nullCount++;
    valueOffsets[row + 1] = end;
  }
  const common = { length, nullCount, nullBitmap: nullCount === 0 ? null : nullBitmap };
  const texts = makeData({ type: new Utf8(), ...common, valueOffsets, data: data.subarray(0, end) });
  const children = [noBytes(length), texts as Data];
  return makeData({ type: imageType() as Struct, ...common, children }) as Data;
}

function referLists(lake: Lake, batch: RecordBatch, column: ImageColumn): Data {
  const { images, lists } = referencesOf(batch, column);
  const paths = texts(images.map((image) => image && lake.layout.asset(image.path)));
  const elements = structOf(images, noBytes(images.length), paths);
  return lists === undefined ? elements : listsOf(lists, elements, { start: 0, end: batch.numRows });
}

function noBytes(length: number): Data {
  return makeData({
    type: new Binary(),
    length,
    nullCount: length,
    nullBitmap: new Uint8Array((length + 7) >> 3),
    valueOffsets: new Int32Array(length + 1),
    data: new Uint8Array(0),
  }) as Data;
}

async function readInto(path: string, target: Uint8Array): Promise<void> {
  const file = await open(path, "r");
  try {
    for (let at = 0; at < target.length; ) {
      const { bytesRead } = await file.read(target, at, target.length - at);
      if (bytesRead === 0) {
        throw new AppError("corrupt", `${path} became shorter while it was read; check the file system`);
      }
      at += bytesRead;
    }
  } finally {
    await file.close();
  }
}

function texts(values: readonly (string | undefined)[]): Data {
  const valueOffsets = new Int32Array(values.length + 1);
  const data = Buffer.from(values.map((value) => value ?? "").join(""));
  for (const [at, value] of values.entries()) {
    valueOffsets[at + 1] = (valueOffsets[at] ?? 0) + (value === undefined ? 0 : Buffer.byteLength(value));
  }
  return makeData({
    type: new Utf8(),
    length: values.length,
    ...nullsOf(values),
    valueOffsets,
    data,
  }) as Data;
}

function structOf(images: References, bytes: Data, paths: Data): Data {
  const type = imageType() as Struct;
  return makeData({ type, length: images.length, ...nullsOf(images), children: [bytes, paths] }) as Data;
}

function nullsOf(values: readonly unknown[]): { nullCount: number; nullBitmap: Uint8Array | null } {
  const nullBitmap = new Uint8Array((values.length + 7) >> 3);
  let nullCount = 0;
  for (const [at, value] of values.entries()) {
    if (value === undefined) nullCount += 1;
    else nullBitmap[at >> 3] = (nullBitmap[at >> 3] ?? 0) | (1 << (at & 7));
  }
  return { nullCount, nullBitmap: nullCount === 0 ? null : nullBitmap };
}
