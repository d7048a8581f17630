import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type DataType, type Field, type Schema, Type } from "apache-arrow";
import { AppError, systemCode } from "../errors.ts";
import { quoteList, quoteText } from "../query/sql.ts";
import type { Features } from "../schema/columns.ts";
import { BATCH_ROWS, createArena } from "./arena.ts";
import { readBatchBlobs } from "./arrow/blobs.ts";
import { findBytesColumn } from "./arrow/columns.ts";
import { checkArrowTypes, convertedColumns } from "./arrow/conversions.ts";
import { checkDurations, durationFeatures, durationNotices } from "./arrow/durations.ts";
import { extensionNotices } from "./arrow/extensions.ts";
import { readMessages } from "./arrow/messages.ts";
import { readPieces } from "./arrow/pieces.ts";
import { writeStreamAsParquet } from "./arrow/to-parquet.ts";
import { withFile } from "./bytes.ts";
import { checkColumnCount } from "./column-limit.ts";
import { embeddedCell } from "./embedded-cell.ts";
import { parseFeatures, sameLabels } from "./features.ts";
import type { EmbeddedBatch, Input, InputFormat, ReaderContext, SourceColumn } from "./input.ts";
import { describeRelation } from "./relations.ts";
import { asUntyped, checkSameTypes, type TypedFile, untypedColumns } from "./same-types.ts";

export interface ArrowSource {
  path: string;
  split?: string | undefined;
}

interface ArrowFile extends ArrowSource {
  schema: Schema;
  rowCount: number;
}

/**
 * Opens Arrow IPC files (stream or file format, Feather v2, buffers plain, lz4 or zstd) as one input. The rows are
 * turned into Parquet pieces in scratch, a batch at a time; cells of an image column stay where they are. Throws
 * `invalid_input` for what is no Arrow or is cut, `empty_input` without a file.
 */
export async function openArrowFiles(
  format: InputFormat,
  path: string,
  folder: string,
  sources: readonly ArrowSource[],
  context: ReaderContext,
): Promise<Input> {
  return ofArrow(path, () => open(format, path, folder, sources, context));
}

/** What the library throws of damaged bytes, as ours; errors of the system keep their names. */
async function ofArrow<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw asDamage(path, cause);
  }
}

function asDamage(path: string, cause: unknown): unknown {
  const isPlain =
    cause instanceof Error && cause.constructor === Error && !/^[A-Z][\w ]* Error: /.test(cause.message);
  const isForeign = cause instanceof TypeError || cause instanceof RangeError || isPlain; // DuckDB's say more
  if (!isForeign || systemCode(cause) !== undefined) return cause;
  const message = `${path} is damaged, or not readable as Arrow; copy or write it again`;
  return new AppError("invalid_input", message, { details: { path }, cause });
}

async function open(
  format: InputFormat,
  path: string,
  folder: string,
  sources: readonly ArrowSource[],
  context: ReaderContext,
): Promise<Input> {
  const files = await Promise.all(sources.map(describeFile));
  const sizes = await Promise.all(sources.map(async (source) => (await stat(source.path)).size));
  const [first] = files;
  if (!first) throw new AppError("empty_input", `${path} has no rows; there is nothing to upload`);
  checkDurations(files.map((file) => ({ path: file.path, fields: file.schema.fields })));
  const rows = await convertRows(files, context);
  const columns = await describeColumns(context, rows, files);
  const fields = files.flatMap(({ schema }) => schema.fields);
  const isList = (name: string) => columns.find((column) => column.name === name)?.embedded?.list ?? false;
  return {
    format,
    path,
    folder,
    sizeBytes: sizes.reduce((total, size) => total + size, 0),
    fileCount: files.length,
    rowCount: files.reduce((total, file) => total + file.rowCount, 0),
    columns,
    features: sameLabels(
      files.map(({ path: file, schema }) => ({
        path: file,
        features: { ...schemaFeatures(schema), ...durationFeatures(schema.fields) },
      })),
    ),
    notices: [...new Set(durationNotices(fields)), ...extensionNotices(fields, columns)],
    rows: async () => rows,
    embedded: (name, signal) => readWhole(path, readColumn(files, name, isList(name), signal)),
  };
}

async function describeFile(source: ArrowSource): Promise<ArrowFile> {
  let schema: Schema | undefined;
  let rowCount = 0;
  for await (const message of withFile(source.path, (handle) => readMessages(handle, source.path))) {
    if ("schema" in message.header) {
      schema = message.header.schema;
      checkColumnCount(source.path, schema.fields.length);
    } else if ("batch" in message.header) rowCount += message.header.batch.length;
  }
  if (schema) {
    checkArrowTypes(source.path, schema);
    return { ...source, schema, rowCount };
  }
  throw new AppError("invalid_input", `${source.path} is not an Arrow IPC stream or file`, {
    details: { path: source.path },
  });
}

/** Names of image columns: their cells are read where they are. */
function toBlank(schema: Schema): string[] {
  const features = schemaFeatures(schema);
  return schema.fields.filter((field) => holdsImages(field, features[field.name])).map(({ name }) => name);
}

function schemaFeatures(schema: Schema): Features {
  const text = schema.metadata.get("huggingface");
  return text === undefined ? {} : parseFeatures(text);
}

/** Every row of the files as a relation over Parquet pieces; the bytes of image columns are blanked. */
async function convertRows(files: readonly ArrowFile[], context: ReaderContext): Promise<string> {
  const pieces: Piece[] = [];
  for (const file of files) {
    const conversions = convertedColumns(file.schema);
    const nextPiece = () => {
      const path = join(context.scratch, `arrow-${pieces.length}.parquet`);
      pieces.push({ path, split: file.split, conversions, file });
      return path;
    };
    const isFirst = file === files[0];
    for await (const stream of readPieces(file, toBlank(file.schema), isFirst, context.signal)) {
      await writeStreamAsParquet(stream, nextPiece(), file.path);
    }
  }
  // Files may differ in their types, and follow each other in their order.
  const groups: (typeof pieces)[] = [];
  for (const piece of pieces) {
    const group = groups.at(-1);
    const [last] = group ?? [];
    if (group && last?.split === piece.split && last?.conversions === piece.conversions) group.push(piece);
    else groups.push([piece]);
  }
  const relation = `(${groups.map(selectPieces).join(" UNION ALL BY NAME ")})`;
  if (files.length > 1) await checkTypes(context, pieces, relation);
  return relation;
}

/** A Parquet file with rows of an Arrow file. */
interface Piece {
  path: string;
  split: string | undefined;
  /** For REPLACE, where the file has types for which Parquet has none. */
  conversions: string;
  file: ArrowFile;
}

/** Rows of pieces that are read alike. */
function selectPieces(pieces: readonly Piece[]): string {
  const [{ split, conversions } = { split: undefined, conversions: "" }] = pieces;
  const list = quoteList(pieces.map((piece) => piece.path));
  const replace = conversions === "" ? "" : ` REPLACE (${conversions})`;
  const added = split === undefined ? "" : `, ${quoteText(split)} AS split`;
  return `SELECT *${replace}${added} FROM read_parquet(${list}, union_by_name = true)`;
}

/** Files that differ in a column's type must meet in one that the engine takes for both. */
async function checkTypes(
  { database }: ReaderContext,
  pieces: readonly Piece[],
  relation: string,
): Promise<void> {
  const firsts = Array.from(Map.groupBy(pieces, (piece) => piece.file).values(), ([piece]) => piece as Piece);
  const files: TypedFile[] = [];
  for (const piece of firsts) {
    const columns = await describeRelation(database, `(${selectPieces([piece])})`);
    const open = new Set(piece.file.schema.fields.filter(({ type }) => isOpen(type)).map(({ name }) => name));
    const typed = columns.map(({ name, type }) => ({ name, type: open.has(name) ? "NULL" : type }));
    files.push({ path: piece.file.path, columns: typed });
  }
  checkSameTypes(files, await describeRelation(database, relation));
}

/** Whether some part has no type: lists that are all empty may have been written so. */
function isOpen(type: DataType): boolean {
  const children = (type.children ?? []) as Field[];
  return type.typeId === Type.Null || children.some((child) => isOpen(child.type));
}

/** Whether it will be an image column once its type is DuckDB's. */
function holdsImages({ name, type }: Field, feature: unknown): boolean {
  const isList = [Type.List, Type.LargeList, Type.FixedSizeList].includes(type.typeId);
  const cell = isList ? (type.children as Field[])[0]?.type : type;
  const fields =
    cell?.typeId === Type.Struct ? (cell.children as Field[]).map((child) => child.name).sort() : [];
  const isCell = fields.length === 2 && fields[0] === "bytes" && fields[1] === "path";
  const plain = isCell ? "STRUCT(bytes BLOB, path VARCHAR)" : "BLOB";
  return embeddedCell({ name, type: isList ? `${plain}[]` : plain }, feature) !== undefined;
}

async function describeColumns(
  context: ReaderContext,
  rows: string,
  files: readonly ArrowFile[],
): Promise<SourceColumn[]> {
  const features = files[0] ? schemaFeatures(files[0].schema) : {};
  const fields = files.map(({ schema }) => ({
    columns: schema.fields.map(({ name, type }) => ({ name, type: isOpen(type) ? "NULL" : String(type) })),
  }));
  const untyped = untypedColumns(fields);
  return (await describeRelation(context.database, rows)).map((column) => {
    const open = untyped.has(column.name.toLowerCase()) ? asUntyped(column) : undefined;
    if (open) return open;
    const embedded = embeddedCell(column, features[column.name]);
    return embedded ? { ...column, embedded } : column;
  });
}

async function* readWhole(
  path: string,
  batches: AsyncIterable<EmbeddedBatch>,
): AsyncGenerator<EmbeddedBatch> {
  try {
    yield* batches;
  } catch (cause) {
    throw asDamage(path, cause);
  }
}

function nulls(count: number): EmbeddedBatch {
  return new Array(count).fill(null);
}

async function* readColumn(
  files: readonly ArrowFile[],
  name: string,
  isList: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<EmbeddedBatch> {
  const arena = createArena();
  for (const file of files) {
    yield* withFile(file.path, async function* (handle) {
      for await (const message of readMessages(handle, file.path)) {
        signal?.throwIfAborted();
        if (!("batch" in message.header)) continue;
        const { length, variadicBufferCounts } = message.header.batch;
        const column = findBytesColumn(file.schema, name, variadicBufferCounts);
        if (column) yield* readBatchBlobs(handle, message, column, length, arena);
        else if (!isList)
          for (let row = 0; row < length; row += BATCH_ROWS) yield nulls(Math.min(BATCH_ROWS, length - row));
      }
    });
  }
}
