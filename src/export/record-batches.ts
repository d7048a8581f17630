import {
  type Data,
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  type Utf8,
  type Vector,
} from "apache-arrow";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { cutRows } from "../query/arrow/batches.ts";
import { imageType } from "../query/arrow/types.ts";
import type { Features } from "../schema/columns.ts";
import { formatPartition } from "../schema/partition.ts";
import type { PartitionCount, RowResult } from "../schema/query.ts";
import { createImageReader, findSizes, type ImageReference, referImages } from "./image-column.ts";

export const IMAGE_MODES = ["embed", "reference", "none"] as const;
export type ImageMode = (typeof IMAGE_MODES)[number];

const IMAGE_COLUMN = "image";

export interface BatchOptions {
  /** Where the images lie; without, there are none. */
  lake: Lake | undefined;
  images: ImageMode;
  /** What the rows of a partition are: all of them, in order, or only some that were searched for. */
  counted: "row" | "hit";
  /** Leave rows out whose asset is missing, and count them, instead of failing. */
  skipMissing: boolean;
  onMissing(): void;
}

/** The columns of an export: those of the rows, and the image in front where rows have one. */
export interface ExportShape {
  schema: Schema;
  features: Features;
  hasImage: boolean;
}

/** What an export of these rows looks like; reads nothing. */
export function describeShape(rows: RowResult, images: ImageMode): ExportShape {
  const names = new Set(rows.columns.map(({ name }) => name));
  const hasImage = images !== "none" && names.has("path") && names.has("width");
  const fields = [...rows.schema.fields];
  let column = IMAGE_COLUMN; // which an upload may have used for something else
  while (names.has(column)) column += "_";
  const features: Features = hasImage ? { [column]: { _type: "Image" } } : {};
  for (const { name } of rows.columns) features[name] = rows.features[name];
  if (hasImage) fields.unshift(new Field(column, imageType(), true));
  // datasets looks here for the features; DatasetInfo.from_dict reads the rest.
  const metadata = new Map([["huggingface", JSON.stringify({ info: { features } })]]);
  return { schema: new Schema(fields, metadata), features, hasImage };
}

/** Rows as `datasets` cuts batches with images inside; bytes as they pass through a processor's cache. */
const EMBED_ROWS = 100;
const EMBED_BYTES = 16 * 1024 * 1024;

/**
 * The rows as Arrow record batches of `shape`: as they come, with images inside at most 100 rows or 16 MB. The buffers of
 * a batch are used again for the next. Throws `missing_asset` naming the row, unless `skipMissing`.
 */
export async function* toRecordBatches(
  rows: RowResult,
  shape: ExportShape,
  options: BatchOptions,
): AsyncGenerator<RecordBatch> {
  const { lake } = options;
  const reader = lake && createImageReader(lake);
  let rowStart = 0;
  for await (const batch of rows.batches) {
    if (!shape.hasImage || lake === undefined || reader === undefined)
      yield withColumns(shape.schema, batch.data.children, batch.numRows);
    else {
      if (options.images === "reference") {
        const image = referImages(lake, batch);
        yield withColumns(shape.schema, [image, ...batch.data.children], batch.numRows);
      } else {
        const references = referencesOf(batch);
        const sizes = await findSizes(lake, references);
        refuseMissing(rows.partitions, rowStart, references, sizes, options);
        const embedded = cutRows(
          sizes.map((size) => size ?? 0),
          EMBED_BYTES,
          EMBED_ROWS,
        );
        for (const { start, end } of embedded) {
          const image = await reader.read(references.slice(start, end), sizes.slice(start, end));
          const children = batch.slice(start, end).data.children;
          const whole = withColumns(shape.schema, [image, ...children], end - start);
          for (const run of presentRuns(sizes, start, end))
            yield whole.slice(run.start - start, run.end - start);
        }
      }
    }
    rowStart += batch.numRows;
  }
}

function withColumns(schema: Schema, children: Data[], length: number): RecordBatch {
  const data = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children });
  return new RecordBatch(schema, data as Data<Struct>);
}

/** Ranges of rows (`end` exclusive) between `start` and `end` whose asset is there. */
function presentRuns(sizes: readonly (number | undefined)[], start: number, end: number) {
  const runs: { start: number; end: number }[] = [];
  for (let row = start; row < end; row++) {
    if (sizes[row] === undefined) continue;
    const last = runs.at(-1);
    if (last?.end === row) last.end = row + 1;
    else runs.push({ start: row, end: row + 1 });
  }
  return runs;
}

/** Rows whose asset is no image have a path too, but no width. */
function referencesOf(batch: RecordBatch): (ImageReference | undefined)[] {
  const paths = batch.getChild("path") as Vector<Utf8>;
  const widths = batch.getChild("width") as Vector;
  const names = batch.getChild("source_name") as Vector<Utf8> | null;
  const sizes = batch.getChild("bytes");
  return Array.from({ length: batch.numRows }, (_, row) => {
    const path = widths.isValid(row) ? paths.get(row) : null;
    return path === null
      ? undefined
      : { path, sourceName: names?.get(row) ?? null, bytes: sizeAt(sizes, row) };
  });
}

function sizeAt(sizes: Vector | null, row: number): number | undefined {
  const size = sizes?.get(row);
  return typeof size === "bigint" || typeof size === "number" ? Number(size) : undefined;
}

function refuseMissing(
  partitions: readonly PartitionCount[],
  rowStart: number,
  references: readonly (ImageReference | undefined)[],
  sizes: readonly (number | undefined)[],
  { counted, skipMissing, onMissing }: BatchOptions,
): void {
  for (const [at, size] of sizes.entries()) {
    if (size !== undefined) continue;
    if (!skipMissing) throw missingAsset(partitions, rowStart + at, references[at], counted);
    onMissing();
  }
}

function missingAsset(
  partitions: readonly PartitionCount[],
  row: number,
  reference: ImageReference | undefined,
  counted: "row" | "hit",
): AppError {
  let before = 0;
  const partition = partitions.find(({ rows }) => {
    before += rows;
    return row < before;
  });
  const inPartition = row - (before - (partition?.rows ?? 0)) + 1;
  const where = partition ? formatPartition(partition) : "the selection";
  return new AppError(
    "missing_asset",
    `${counted} ${inPartition} of ${where} (${reference?.sourceName ?? "unnamed"}) names the asset ${reference?.path}, which is missing or damaged; restore it, or leave such rows out by --skip-missing`,
    { details: { partition: where, row: inPartition, path: reference?.path } },
  );
}
