import { stat } from "node:fs/promises";
import type { Field } from "apache-arrow";
import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import type { Features } from "../schema/columns.ts";
import { checkDurations, durationFeatures, durationNotices, writtenFields } from "./arrow/durations.ts";
import { extensionNotices } from "./arrow/extensions.ts";
import { checkColumnCount } from "./column-limit.ts";
import { embeddedCell } from "./embedded-cell.ts";
import { parseFeatures, sameLabels } from "./features.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { isEncrypted } from "./parquet/encryption.ts";
import { checkOldTimes } from "./parquet/old-times.ts";
import { checkParquetSchema, columnsHolding } from "./parquet/schema-checks.ts";
import { exactTimes } from "./parquet/zoned-times.ts";
import { listPaths, readColumn } from "./parquet-cells.ts";
import { unreadable } from "./read-failure.ts";
import { describeRelation } from "./relations.ts";
import { asUntyped, checkSameTypes, type TypedFile, untypedColumns } from "./same-types.ts";

/** A Parquet file, with the split that its folder or name stands for. */
export interface ParquetSource {
  path: string;
  split?: string | undefined;
}

/** No honest upload has more rows; a footer that claims more is a trap or damaged. */
const MAX_ROWS = 2_000_000_000;

/**
 * Opens Parquet files as one input: columns by name, rows file after file, those of a split together. Cells under an image column's name stay
 * where they are and are read by our own page reader, because DuckDB holds 2,048 of them at a time. Throws
 * `invalid_input` for files that are no Parquet or claim more than they can hold, before anything of them is expanded.
 */
export async function openParquet(
  path: string,
  folder: string,
  given: readonly ParquetSource[],
  context: ReaderContext,
): Promise<Input> {
  const { database } = context;
  const sources = bySplit(given);
  const sizes = new Map<string, number>();
  for (const source of sources) sizes.set(source.path, (await stat(source.path)).size);
  const rowCounts = await checkFooters(database, sizes);
  const relation = await exactTimes(context, sources, relationOf(sources));
  const written = await readWrittenFields(database, sources);
  const features = { ...(await readFeatures(database, sources)), ...durationFeatures(written) };
  const described = await describeRelation(database, relation);
  const typed = await typedFiles(database, sources);
  checkSameTypes(typed, described);
  const columns = findEmbedded(described, untypedColumns(typed), features);
  const files = sources.map((source) => ({ path: source.path, rowCount: rowCounts.get(source.path) ?? 0 }));
  const isList = (name: string) => columns.find((column) => column.name === name)?.embedded?.list ?? false;
  const kept = keptRows(relation, columns, (name) => listPaths(context, files, name, context.signal));
  return {
    format: "parquet",
    path,
    folder,
    sizeBytes: sum(sizes.values()),
    fileCount: sources.length,
    rowCount: sum(rowCounts.values()),
    columns,
    features,
    notices: [...new Set(durationNotices(written)), ...extensionNotices(written, columns)],
    rows: kept,
    embedded: (name, signal) => readColumn(context, files, { name, isList: isList(name) }, signal),
  };
}

/** Files of one split follow each other: so do their rows in the relation, and cells are given in the order of the files. */
function bySplit(sources: readonly ParquetSource[]): ParquetSource[] {
  return [...Map.groupBy(sources, ({ split }) => split).values()].flat();
}

function relationOf(sources: readonly ParquetSource[]): string {
  const files = quoteList(sources.map((source) => source.path));
  const scan = `read_parquet(${files}, union_by_name = true, hive_partitioning = false)`;
  const splits = sources.map((source) => source.split);
  if (splits.every((split) => split === undefined)) return `(SELECT * FROM ${scan})`;
  const parts = Map.groupBy(sources, (source) => source.split);
  const selects = Array.from(parts, ([split, group]) => {
    const list = quoteList(group.map((source) => source.path));
    const value = split === undefined ? "NULL::VARCHAR" : quoteText(split);
    return `SELECT *, ${value} AS split FROM read_parquet(${list}, union_by_name = true, hive_partitioning = false)`;
  });
  return `(${selects.join(" UNION ALL BY NAME ")})`;
}

/** The footers say how much there is. A file of some kB can claim petabytes (42.parquet lists one page many times). */
async function checkFooters(database: Database, sizes: Map<string, number>): Promise<Map<string, number>> {
  const rows = new Map<string, number>();
  for (const [file, sizeBytes] of sizes) {
    const name = quoteText(file);
    const [facts] = await database
      .rows<{ rows: number; encrypted: boolean; compressed: number; negative: number }>(
        `SELECT (SELECT num_rows FROM parquet_file_metadata(${name}))::DOUBLE AS rows,
          (SELECT encryption_algorithm IS NOT NULL FROM parquet_file_metadata(${name})) AS encrypted,
          coalesce(sum(total_compressed_size), 0)::DOUBLE AS compressed,
          count_if(total_compressed_size < 0 OR row_group_num_rows < 0) AS negative FROM parquet_metadata(${name})`,
      )
      .catch(async (cause) => {
        throw await footerFailure(file, cause);
      });
    if (facts?.encrypted === true) throw encrypted(file);
    if (!facts || facts.negative > 0 || facts.compressed > sizeBytes || facts.rows > MAX_ROWS) {
      throw new AppError(
        "invalid_input",
        `${file} claims ${facts?.rows ?? 0} rows in ${sizeBytes} bytes, which is impossible; write the file again`,
        { details: { path: file, rows: facts?.rows, size_bytes: sizeBytes } },
      );
    }
    checkColumnCount(file, await checkParquetSchema(database, file));
    await checkOldTimes(database, file);
    rows.set(file, facts.rows);
  }
  return rows;
}

/** Why a footer cannot be read, in our words where the engine's do not say it. */
async function footerFailure(file: string, cause: unknown): Promise<AppError> {
  if (await isEncrypted(file)) return encrypted(file, cause);
  const said = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
  if (said.includes("at least one non-root column"))
    return new AppError("empty_input", `${file} has no columns; there is nothing to upload`, {
      details: { path: file },
    });
  const why = said.replace(/^[A-Za-z ]+ Error: /, ""); // the engine's class of it
  return unreadable(file, why, cause, "Parquet");
}

function encrypted(file: string, cause?: unknown): AppError {
  return new AppError("unsupported_format", `${file} is encrypted; write it again without encryption`, {
    details: { path: file },
    cause,
  });
}

/** The types of each file alone: those that differ must meet in one that the engine takes for both. */
async function typedFiles(database: Database, sources: readonly ParquetSource[]): Promise<TypedFile[]> {
  const files: TypedFile[] = [];
  for (const { path } of sources) {
    const columns = await describeRelation(
      database,
      `read_parquet(${quoteText(path)}, hive_partitioning = false)`,
    );
    // Where some part has no type: pyarrow writes lists that are all empty so.
    const open = await columnsHolding(database, path, "logical_type LIKE 'NullType%'");
    files.push({
      path,
      columns: columns.map(({ name, type }) => ({ name, type: open.has(name) ? "NULL" : type })),
    });
  }
  return files;
}

function findEmbedded(
  columns: readonly SourceColumn[],
  untyped: ReadonlySet<string>,
  features: Features,
): SourceColumn[] {
  return columns.map((column) => {
    const open = untyped.has(column.name.toLowerCase()) ? asUntyped(column) : undefined;
    if (open) return open;
    const embedded = embeddedCell(column, features[column.name]);
    return embedded ? { ...column, embedded } : column;
  });
}

/** The rows without the bytes of images; the paths in lists of them are put beside once they are asked for. */
function keptRows(
  relation: string,
  columns: readonly SourceColumn[],
  pathsOf: (name: string) => Promise<string>,
): () => Promise<string> {
  if (columns.every(({ embedded }) => embedded === undefined)) return async () => relation;
  const plain = withoutBytes(relation, columns);
  const lists = columns.filter(({ embedded }) => embedded?.list);
  let found: Promise<string> | undefined;
  const find = async () => {
    const paths: string[] = [];
    for (const { name } of lists) paths.push(await pathsOf(name));
    return paths.length === 0 ? plain : `(SELECT * FROM ${[plain, ...paths].join(" POSITIONAL JOIN ")})`;
  };
  return () => {
    found ??= find();
    return found;
  };
}

/** Only the path leaf of an embedded column is read from the files. Where nothing else is there, rows are still counted. */
function withoutBytes(relation: string, columns: readonly SourceColumn[]): string {
  const isDropped = ({ embedded }: SourceColumn) =>
    embedded !== undefined && (embedded.path === undefined || embedded.list === true);
  const dropped = columns.filter(isDropped);
  if (dropped.length === columns.length) return `(SELECT NULL AS ${quoteName("__row")} FROM ${relation})`;
  const replaced = columns
    .filter((column) => column.embedded !== undefined && !isDropped(column))
    .map((column) => `{'path': ${column.embedded?.path}} AS ${quoteName(column.name)}`);
  const exclude =
    dropped.length === 0 ? "" : ` EXCLUDE (${dropped.map((c) => quoteName(c.name)).join(", ")})`;
  const replace = replaced.length === 0 ? "" : ` REPLACE (${replaced.join(", ")})`;
  return `(SELECT *${exclude}${replace} FROM ${relation})`;
}

async function readFeatures(database: Database, sources: readonly ParquetSource[]): Promise<Features> {
  const found = await readKeyValue(database, sources, "huggingface");
  return sameLabels(found.map(({ path, value }) => ({ path, features: parseFeatures(value) })));
}

/** Arrow's fields of the files, where their writer left them; throws `type_mismatch` for durations in different units. */
async function readWrittenFields(database: Database, sources: readonly ParquetSource[]): Promise<Field[]> {
  const found = await readKeyValue(database, sources, "ARROW:schema");
  const files = found.map(({ path, value }) => ({ path, fields: writtenFields(value) }));
  checkDurations(files);
  return files.flatMap((file) => file.fields);
}

/** What the footers of files say under a key, where they do. */
async function readKeyValue(
  database: Database,
  sources: readonly ParquetSource[],
  key: string,
): Promise<{ path: string; value: string }[]> {
  if (sources.length === 0) return [];
  const files = quoteList(sources.map(({ path }) => path));
  return database.rows<{ path: string; value: string }>(
    `SELECT file_name AS path, decode(value) AS value FROM parquet_kv_metadata(${files})
    WHERE decode(key) = ${quoteText(key)}`,
  );
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
