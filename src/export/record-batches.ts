import { type Data, Field, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { parseType } from "../schema/column-types.ts";
import type { Column, Features } from "../schema/columns.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { RowResult } from "../schema/query.ts";
import { type ColumnBuilder, createColumnBuilder } from "./arrow-columns.ts";
import { arrowType, imageType } from "./arrow-types.ts";
import { embedImages, findSizes, type ImageReference, referImages } from "./image-column.ts";

export const IMAGE_MODES = ["embed", "reference", "none"] as const;
export type ImageMode = (typeof IMAGE_MODES)[number];

export const IMAGE_COLUMN = "image";

export interface BatchOptions {
  lake: Lake;
  images: ImageMode;
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
  const fields = rows.columns.map(({ name, type }) => new Field(name, arrowType(parseType(type)), true));
  const features: Features = hasImage ? { [IMAGE_COLUMN]: { _type: "Image" } } : {};
  for (const { name } of rows.columns) features[name] = rows.features[name];
  if (hasImage) fields.unshift(new Field(IMAGE_COLUMN, imageType(), true));
  // datasets looks here for the features; DatasetInfo.from_dict reads the rest.
  const metadata = new Map([["huggingface", JSON.stringify({ info: { features } })]]);
  return { schema: new Schema(fields, metadata), features, hasImage };
}

/** As `datasets` cuts its batches: fewer rows where images are inside, and never near the 2 GB of 32-bit offsets. */
const ROWS = { embed: 100, reference: 1000, none: 1000 } as const;
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * The rows as Arrow record batches of at most 1,000 rows (100 with images inside) or 64 MB. Memory holds one batch and
 * the images of the next. Throws `missing_asset` naming the row, unless `skipMissing`.
 */
export async function* toRecordBatches(
  rows: RowResult,
  shape: ExportShape,
  options: BatchOptions,
): AsyncGenerator<RecordBatch> {
  const builders = rows.columns.map(({ type }) => createColumnBuilder(parseType(type)));
  const images = shape.hasImage ? createImageTaker(rows, options) : undefined;
  let count = 0;
  const flush = async (): Promise<RecordBatch> => {
    const children = builders.map((builder) => builder.finish());
    if (images) children.unshift(await images.finish());
    const data = makeData({ type: new Struct(shape.schema.fields), length: count, nullCount: 0, children });
    count = 0;
    return new RecordBatch(shape.schema, data as Data<Struct>);
  };
  const maxRows = shape.hasImage ? ROWS[options.images] : ROWS.none;
  for await (const batch of rows.batches) {
    const taken = images ? await images.look(batch.columns, batch.rowCount) : undefined;
    for (let row = 0; row < batch.rowCount; row++) {
      if (taken && !images?.take(taken, row)) continue;
      for (const [at, builder] of builders.entries()) builder.append(batch.columns[at]?.[row]);
      count += 1;
      if (count < maxRows && bytesOf(builders) + (images?.byteSize() ?? 0) < MAX_BATCH_BYTES) continue;
      yield await flush();
    }
  }
  if (count > 0) yield await flush();
}

/** Asked for after each row: a sum over few columns. */
function bytesOf(builders: readonly ColumnBuilder[]): number {
  let sum = 0;
  for (const builder of builders) sum += builder.byteSize();
  return sum;
}

interface Looked {
  references: (ImageReference | undefined)[];
  sizes: (number | undefined)[];
}

/** Collects the images of the rows of one batch. */
function createImageTaker(rows: RowResult, options: BatchOptions) {
  const at = (name: string) => rows.columns.findIndex((column: Column) => column.name === name);
  const [path, width, sourceName, bytes] = [at("path"), at("width"), at("source_name"), at("bytes")];
  let references: (ImageReference | undefined)[] = [];
  let sizes: number[] = [];
  let total = 0;
  let rowNumber = 0;
  return {
    look: async (columns: readonly (readonly unknown[])[], rowCount: number): Promise<Looked> => {
      const found = Array.from({ length: rowCount }, (_, row): ImageReference | undefined => {
        const [where, shown] = [columns[path]?.[row], columns[width]?.[row]];
        // Other files have a path too, but no width: they are no images.
        if (typeof where !== "string" || shown === null || shown === undefined) return undefined;
        const name = columns[sourceName]?.[row];
        return {
          path: where,
          sourceName: typeof name === "string" ? name : null,
          bytes: Number(columns[bytes]?.[row] ?? 0),
        };
      });
      const embed = options.images === "embed";
      return { references: found, sizes: embed ? await findSizes(options.lake, found) : found.map(() => 0) };
    },
    /** Takes the image of a row; false when the row is to be left out. */
    take: (looked: Looked, row: number): boolean => {
      const size = looked.sizes[row];
      const reference = looked.references[row];
      rowNumber += 1;
      if (size === undefined) {
        if (!options.skipMissing) throw missingAsset(rows.partitions, rowNumber, reference);
        options.onMissing();
        return false;
      }
      references.push(reference);
      sizes.push(size);
      total += size;
      return true;
    },
    byteSize: () => total,
    finish: async (): Promise<Data> => {
      const taken = { references, sizes };
      references = [];
      sizes = [];
      total = 0;
      if (options.images === "reference") return referImages(options.lake, taken.references);
      return embedImages(options.lake, taken.references, taken.sizes);
    },
  };
}

function missingAsset(
  partitions: readonly (PartitionKey & { rows: number })[],
  rowNumber: number,
  reference: ImageReference | undefined,
): AppError {
  let before = 0;
  const partition = partitions.find(({ rows }) => {
    before += rows;
    return rowNumber <= before;
  });
  const inPartition = rowNumber - (before - (partition?.rows ?? 0));
  const where = partition ? formatPartition(partition) : "the selection";
  return new AppError(
    "missing_asset",
    `row ${inPartition} of ${where} (${reference?.sourceName ?? "unnamed"}) names the asset ${reference?.path}, which is missing; restore it, or leave such rows out by --skip-missing`,
    { details: { partition: where, row: inPartition, path: reference?.path } },
  );
}
