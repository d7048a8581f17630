import { type Data, Field, List, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { cutRows } from "../query/arrow/batches.ts";
import { imageType } from "../query/arrow/types.ts";
import type { Features } from "../schema/columns.ts";
import { type ImageColumn, imageColumnsOf } from "../schema/image-columns.ts";
import { formatPartition } from "../schema/partition.ts";
import type { PartitionCount, RowResult } from "../schema/query.ts";
import {
  type BatchImages,
  createImageReader,
  findSizes,
  type ImageReference,
  listsOf,
  placesOf,
  referencesOf,
  referImages,
} from "./image-column.ts";
import type { ImageMode } from "./image-mode.ts";

export interface BatchOptions {
  lake: Lake | undefined;
  images: ImageMode;
  /** What row numbers in errors count: rows of the partition, or search hits. */
  counted: "row" | "hit";
  /** Skip and count rows with a missing asset instead of failing. */
  skipMissing: boolean;
  onMissing(): void;
}

/** Columns of an export: images first, then the other columns. */
export interface ExportShape {
  schema: Schema;
  features: Features;
  /** In column order. */
  images: readonly ImageColumn[];
}

/** The shape of an export of these rows. Does no I/O. */
export function describeShape(rows: RowResult, images: ImageMode): ExportShape {
  const taken = new Set(rows.columns.map(({ name }) => name));
  const columns = images === "none" ? [] : imageColumnsOf(rows.columns);
  const features: Features = {};
  const fields: Field[] = [];
  for (const { name, list } of columns) {
    let column = name; // may be taken by a column of an upload
    while (taken.has(column)) column += "_";
    taken.add(column);
    const image = { _type: "Image" };
    features[column] = list ? { feature: image, _type: "Sequence" } : image;
    const type = list ? new List(new Field("item", imageType(), true)) : imageType();
    fields.push(new Field(column, type, true));
  }
  for (const { name } of rows.columns) features[name] = rows.features[name];
  // `datasets` reads the features from here; DatasetInfo.from_dict reads the rest.
  const metadata = new Map([["huggingface", JSON.stringify({ info: { features } })]]);
  return { schema: new Schema([...fields, ...rows.schema.fields], metadata), features, images: columns };
}

/** Row limit as in `datasets` for batches with images; byte limit for the processor's cache. */
const EMBED_ROWS = 100;
const EMBED_BYTES = 16 * 1024 * 1024;

/**
 * Rows as Arrow record batches of `shape`, in order; with images at most 100 rows or 16 MB each. Buffers are
 * reused for the next batch. Throws `missing_asset` naming the row, unless `skipMissing`.
 */
export async function* toRecordBatches(
  rows: RowResult,
  shape: ExportShape,
  options: BatchOptions,
): AsyncGenerator<RecordBatch> {
  const { lake } = options;
  const readers = lake === undefined ? [] : shape.images.map(() => createImageReader(lake));
  let rowStart = 0;
  for await (const batch of rows.batches) {
    if (lake === undefined || readers.length === 0) {
      yield withColumns(shape.schema, batch.data.children, batch.numRows);
    } else if (options.images === "reference") {
      const images = shape.images.map((column) => referImages(lake, batch, column));
      yield withColumns(shape.schema, [...images, ...batch.data.children], batch.numRows);
    } else {
      yield* embedImages(lake, { batch, rowStart, partitions: rows.partitions }, shape, readers, options);
    }
    rowStart += batch.numRows;
  }
}

async function* embedImages(
  lake: Lake,
  {
    batch,
    rowStart,
    partitions,
  }: { batch: RecordBatch; rowStart: number; partitions: readonly PartitionCount[] },
  shape: ExportShape,
  readers: readonly ReturnType<typeof createImageReader>[],
  options: BatchOptions,
): AsyncGenerator<RecordBatch> {
  const columns = shape.images.map((column) => referencesOf(batch, column));
  const sizes = await Promise.all(columns.map(({ images }) => findSizes(lake, images)));
  const sizesAt = (at: number, row: number) => {
    const { start, end } = placesOf(columns[at] as BatchImages, row);
    return (sizes[at] ?? []).slice(start, end);
  };
  const rowSizes = Array.from({ length: batch.numRows }, (_, row) =>
    columns.flatMap((_, at) => sizesAt(at, row)),
  );
  refuseMissing(partitions, rowStart, batch.numRows, columns, sizes, options);
  const isPresent = (row: number) => !(rowSizes[row] ?? []).includes(undefined);
  const rowBytes = rowSizes.map((ofRow) => ofRow.reduce<number>((sum, size) => sum + (size ?? 0), 0));
  for (const { start, end } of cutRows(rowBytes, EMBED_BYTES, EMBED_ROWS)) {
    const images: Data[] = [];
    for (const [at, reader] of readers.entries()) {
      const column = columns[at] as BatchImages;
      const [from, to] = [placesOf(column, start).start, placesOf(column, end - 1).end];
      const read = await reader.read(column.images.slice(from, to), (sizes[at] ?? []).slice(from, to));
      images.push(column.lists === undefined ? read : listsOf(column.lists, read, { start, end }));
    }
    const children = batch.slice(start, end).data.children;
    const whole = withColumns(shape.schema, [...images, ...children], end - start);
    for (const run of presentRuns(isPresent, start, end))
      yield whole.slice(run.start - start, run.end - start);
  }
}

function withColumns(schema: Schema, children: Data[], length: number): RecordBatch {
  const data = makeData({ type: new Struct(schema.fields), length, nullCount: 0, children });
  return new RecordBatch(schema, data as Data<Struct>);
}

/** Row ranges (`end` exclusive) between `start` and `end` with existing assets. */
function presentRuns(isPresent: (row: number) => boolean, start: number, end: number) {
  const runs: { start: number; end: number }[] = [];
  for (let row = start; row < end; row++) {
    if (!isPresent(row)) continue;
    const last = runs.at(-1);
    if (last?.end === row) last.end = row + 1;
    else runs.push({ start: row, end: row + 1 });
  }
  return runs;
}

/** A row counts once, however many images it lacks. */
function refuseMissing(
  partitions: readonly PartitionCount[],
  rowStart: number,
  rowCount: number,
  columns: readonly BatchImages[],
  sizes: readonly (readonly (number | undefined)[])[],
  { counted, skipMissing, onMissing }: BatchOptions,
): void {
  const firstMissing = (row: number) => {
    for (const [at, column] of columns.entries()) {
      const { start, end } = placesOf(column, row);
      const missing = (sizes[at] ?? []).slice(start, end).indexOf(undefined);
      if (missing >= 0) return { reference: column.images[start + missing] };
    }
    return undefined;
  };
  for (let row = 0; row < rowCount; row++) {
    const missing = firstMissing(row);
    if (missing === undefined) continue;
    if (!skipMissing) throw missingAsset(partitions, rowStart + row, missing.reference, counted);
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
    `${counted} ${inPartition} of ${where} (${reference?.sourceName ?? "unnamed"}) names the asset ${reference?.path}, which is missing or damaged; restore it, or leave out such rows with --skip-missing`,
    { details: { partition: where, row: inPartition, path: reference?.path } },
  );
}
