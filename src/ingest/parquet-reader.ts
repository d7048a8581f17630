import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import type { Features } from "../schema/columns.ts";
import { createArena } from "./arena.ts";
import { withFile } from "./bytes.ts";
import { checkColumnCount } from "./column-limit.ts";
import { embeddedCell } from "./embedded-cell.ts";
import { parseFeatures } from "./features.ts";
import type { EmbeddedBatch, Input, ReaderContext, SourceColumn } from "./input.ts";
import { readBlobs } from "./parquet/blobs.ts";
import type { ChunkRange } from "./parquet/pages.ts";
import { checkParquetSchema } from "./parquet/schema-checks.ts";
import { describeRelation } from "./relations.ts";

/** A Parquet file, with the split that its folder or name stands for. */
export interface ParquetSource {
  path: string;
  split?: string | undefined;
}

/** No honest upload has more rows; a footer that claims more is a trap or damaged. */
const MAX_ROWS = 2_000_000_000;

/**
 * Opens Parquet files as one input: columns by name, rows file after file. Cells under an image column's name stay
 * where they are and are read by our own page reader, because DuckDB holds 2,048 of them at a time. Throws
 * `invalid_input` for files that are no Parquet or claim more than they can hold, before anything of them is expanded.
 */
export async function openParquet(
  path: string,
  folder: string,
  sources: readonly ParquetSource[],
  context: ReaderContext,
): Promise<Input> {
  const { database } = context;
  const sizes = new Map<string, number>();
  for (const source of sources) sizes.set(source.path, (await stat(source.path)).size);
  const rowCounts = await checkFooters(database, sizes);
  const relation = relationOf(sources);
  const features = await readFeatures(database, sources);
  const columns = await findEmbedded(database, await describeRelation(database, relation), sources, features);
  const embedded = columns.filter((column) => column.embedded).map((column) => column.name);
  const kept = embedded.length === 0 ? relation : withoutBytes(relation, columns);
  return {
    format: "parquet",
    path,
    folder,
    sizeBytes: sum(sizes.values()),
    fileCount: sources.length,
    rowCount: sum(rowCounts.values()),
    columns,
    features,
    notices: [],
    rows: async () => kept,
    embedded: (column, signal) => readColumn(context, sources, rowCounts, column, signal),
  };
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
      .rows<{ rows: number; compressed: number; negative: number }>(
        `SELECT (SELECT num_rows FROM parquet_file_metadata(${name}))::DOUBLE AS rows,
          coalesce(sum(total_compressed_size), 0)::DOUBLE AS compressed,
          count_if(total_compressed_size < 0 OR row_group_num_rows < 0) AS negative FROM parquet_metadata(${name})`,
      )
      .catch((cause) => {
        const why = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "";
        throw new AppError("invalid_input", `${file} cannot be read as Parquet: ${why}`, {
          details: { path: file },
          cause,
        });
      });
    if (!facts || facts.negative > 0 || facts.compressed > sizeBytes || facts.rows > MAX_ROWS) {
      throw new AppError(
        "invalid_input",
        `${file} claims ${facts?.rows ?? 0} rows in ${sizeBytes} bytes, which cannot be; write the file again`,
        { details: { path: file, rows: facts?.rows, size_bytes: sizeBytes } },
      );
    }
    checkColumnCount(file, await checkParquetSchema(database, file));
    rows.set(file, facts.rows);
  }
  return rows;
}

async function findEmbedded(
  database: Database,
  columns: SourceColumn[],
  sources: readonly ParquetSource[],
  features: Features,
): Promise<SourceColumn[]> {
  const untyped = await untypedColumns(database, sources);
  return columns.map((column) => {
    if (untyped.has(column.name)) return { ...column, type: "NULL" };
    const embedded = embeddedCell(column, features[column.name]);
    return embedded ? { ...column, embedded } : column;
  });
}

/** Columns without any type (pyarrow's null) in every file that has them; DuckDB shows them as INTEGER. */
async function untypedColumns(database: Database, sources: readonly ParquetSource[]): Promise<Set<string>> {
  const files = quoteList(sources.map((source) => source.path));
  const found = await database.rows<{ name: string }>(
    `SELECT name FROM parquet_schema(${files}) GROUP BY name HAVING bool_and(coalesce(logical_type LIKE 'NullType%', false))`,
  );
  return new Set(found.map((row) => row.name));
}

/** Only the path leaf of an embedded column is read from the files. Where nothing else is there, rows are still counted. */
function withoutBytes(relation: string, columns: readonly SourceColumn[]): string {
  if (columns.every(({ embedded }) => embedded !== undefined && embedded.path === undefined)) {
    return `(SELECT NULL AS ${quoteName("__row")} FROM ${relation})`;
  }
  const replaced = columns
    .filter((column) => column.embedded?.path !== undefined)
    .map((column) => `{'path': ${column.embedded?.path}} AS ${quoteName(column.name)}`);
  const dropped = columns.filter((column) => column.embedded && column.embedded.path === undefined);
  const exclude =
    dropped.length === 0 ? "" : ` EXCLUDE (${dropped.map((c) => quoteName(c.name)).join(", ")})`;
  const replace = replaced.length === 0 ? "" : ` REPLACE (${replaced.join(", ")})`;
  return `(SELECT *${exclude}${replace} FROM ${relation})`;
}

async function readFeatures(database: Database, sources: readonly ParquetSource[]): Promise<Features> {
  const first = sources[0];
  if (!first) return {};
  const found = await database.rows<{ value: string }>(
    `SELECT decode(value) AS value FROM parquet_kv_metadata(${quoteText(first.path)}) WHERE decode(key) = 'huggingface'`,
  );
  return found[0] ? parseFeatures(found[0].value) : {};
}

async function* readColumn(
  { database, scratch }: ReaderContext,
  sources: readonly ParquetSource[],
  rowCounts: ReadonlyMap<string, number>,
  column: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<EmbeddedBatch> {
  const arena = createArena();
  const spool = join(scratch, `dictionary-${crypto.randomUUID()}`);
  for (const { path } of sources) {
    const chunks = await columnChunks(database, path, column);
    if (chunks.length === 0) {
      yield* emptyBatches(rowCounts.get(path) ?? 0); // a file without the column
      continue;
    }
    for (const chunk of chunks) {
      yield* withFile(path, async function* (handle) {
        for await (const batch of readBlobs(handle, chunk, spool, arena)) {
          signal?.throwIfAborted();
          yield batch;
        }
      });
    }
  }
}

function* emptyBatches(rowCount: number): Generator<EmbeddedBatch> {
  for (let left = rowCount; left > 0; left -= 1024) yield new Array(Math.min(left, 1024)).fill(null);
}

/** Where the bytes of an image column lie: one range per row group. */
async function columnChunks(database: Database, file: string, column: string): Promise<ChunkRange[]> {
  const maxLevel = await leafLevel(database, file, column);
  if (maxLevel === undefined) return [];
  const chunks = await database.rows<{
    data: number;
    dictionary: number | null;
    bytes: number;
    codec: string;
  }>(
    `SELECT data_page_offset AS data, dictionary_page_offset AS dictionary, total_compressed_size AS bytes,
      compression AS codec FROM parquet_metadata(${quoteText(file)})
    WHERE path_in_schema IN (${quoteText(column)}, ${quoteText(`${column}, bytes`)}) ORDER BY row_group_id`,
  );
  return chunks.map(({ data, dictionary, bytes, codec }) => {
    const from = dictionary !== null && dictionary > 0 && dictionary < data ? dictionary : data;
    return { from, end: from + bytes, codec, maxLevel };
  });
}

/** How many of the leaf and the structs around it may be null; undefined when the file lacks the column. */
async function leafLevel(database: Database, file: string, column: string): Promise<number | undefined> {
  const schema = await database.rows<{ name: string; children: number | null; optional: boolean }>(
    `SELECT name, num_children AS children, repetition_type = 'OPTIONAL' AS optional
    FROM parquet_schema(${quoteText(file)}) ORDER BY column_id`,
  );
  const at = topLevel(schema).find((index) => schema[index]?.name === column);
  const top = at === undefined ? undefined : schema[at];
  if (at === undefined || top === undefined) return undefined;
  if (!top.children) return top.optional ? 1 : 0;
  const leaf = schema.slice(at + 1, at + 1 + top.children).find((element) => element.name === "bytes");
  return leaf === undefined ? undefined : Number(top.optional) + Number(leaf.optional);
}

/** Positions of the top-level elements in the depth-first list of a Parquet schema, whose first element is the root. */
function topLevel(schema: readonly { children: number | null }[]): number[] {
  const positions: number[] = [];
  const end = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.children ?? 0); child++) next = end(next);
    return next;
  };
  for (let at = 1; at < schema.length; at = end(at)) positions.push(at);
  return positions;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
