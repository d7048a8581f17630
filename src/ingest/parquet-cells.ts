import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { createArena } from "./arena.ts";
import { withFile } from "./bytes.ts";
import type { EmbeddedBatch, ReaderContext } from "./input.ts";
import { readBlobs } from "./parquet/blobs.ts";
import { findLeaf, type Leaf, type SchemaElement } from "./parquet/leaves.ts";
import { readLengths } from "./parquet/lengths.ts";
import type { ChunkRange } from "./parquet/pages.ts";

/** Files in their order, with the rows of each. */
export type FileRows = readonly { path: string; rowCount: number }[];

/** The bytes of a column of images, row by row, of lists the elements of each row. */
export async function* readColumn(
  { database, scratch }: ReaderContext,
  files: FileRows,
  { name, isList }: { name: string; isList: boolean },
  signal: AbortSignal | undefined,
): AsyncGenerator<EmbeddedBatch> {
  const arena = createArena();
  const spool = join(scratch, `dictionary-${crypto.randomUUID()}`);
  for (const { path, rowCount } of files) {
    const leaf = findLeaf(await readSchema(database, path), name, "bytes");
    if (leaf === undefined) {
      if (!isList) yield* emptyBatches(rowCount); // a file without the column
      continue;
    }
    for (const chunk of await leafChunks(database, path, leaf)) {
      yield* withFile(path, async function* (handle) {
        for await (const batch of readBlobs(handle, chunk, spool, arena)) {
          signal?.throwIfAborted();
          yield batch;
        }
      });
    }
  }
}

/**
 * Writes what a column of lists of images holds beside the bytes, and gives it as a relation of one column of that
 * name, `STRUCT(path VARCHAR)[]`: the engine would read the bytes of 2,048 rows to get at the paths.
 */
export async function listPaths(
  context: ReaderContext,
  files: FileRows,
  name: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const work = join(context.scratch, `lists-${crypto.randomUUID()}.jsonl`);
  await pipeline(listLines(context, files, name, signal), createWriteStream(work));
  const columns = "{list: 'STRUCT(path VARCHAR)[]'}";
  return `(SELECT list AS ${quoteName(name)} FROM
    read_json(${quoteText(work)}, format = 'newline_delimited', columns = ${columns}, maximum_object_size = ${MAX_LINE_BYTES}))`;
}

/** A row of some ten thousand images; the engine holds twice as much for each thread. */
const MAX_LINE_BYTES = 4 << 20;

async function* listLines(
  { database, scratch }: ReaderContext,
  files: FileRows,
  name: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<string> {
  for (const { path, rowCount } of files) {
    const schema = await readSchema(database, path);
    const paths = findLeaf(schema, name, "path");
    const leaf = paths ?? findLeaf(schema, name, "bytes");
    if (leaf === undefined) {
      for (let row = 0; row < rowCount; row++) yield lineOf(null);
      continue;
    }
    for (const chunk of await leafChunks(database, path, leaf)) {
      yield* withFile(path, async function* (handle) {
        const spool = join(scratch, `dictionary-${crypto.randomUUID()}`);
        const cells = paths === undefined ? undefined : cellsOf(readBlobs(handle, chunk, spool));
        for await (const lengths of readLengths(handle, chunk)) {
          signal?.throwIfAborted();
          let lines = "";
          for (const length of lengths) {
            const list = length === null ? null : new Array<string | null>(length).fill(null);
            for (let at = 0; list !== null && cells !== undefined && at < list.length; at++)
              list[at] = (await cells.next()).value ?? null;
            lines += lineOf(list);
          }
          yield lines;
        }
      });
    }
  }
}

function lineOf(paths: readonly (string | null)[] | null): string {
  const list = paths?.map((path) => (path === null ? null : { path })) ?? null;
  return `${JSON.stringify({ list })}\n`;
}

async function* cellsOf(batches: AsyncIterable<EmbeddedBatch>): AsyncGenerator<string | null, undefined> {
  for await (const batch of batches) {
    for (const cell of batch) yield cell === null ? null : Buffer.from(cell).toString();
  }
}

function* emptyBatches(rowCount: number): Generator<EmbeddedBatch> {
  for (let left = rowCount; left > 0; left -= 1024) yield new Array(Math.min(left, 1024)).fill(null);
}

function readSchema(database: Database, file: string): Promise<SchemaElement[]> {
  return database.rows<SchemaElement & Record<string, string | number | null>>(
    `SELECT name, num_children AS children, repetition_type AS repetition
    FROM parquet_schema(${quoteText(file)}) ORDER BY column_id`,
  );
}

/** Where a leaf is in the file: one range per row group. */
async function leafChunks(database: Database, file: string, leaf: Leaf): Promise<ChunkRange[]> {
  const chunks = await database.rows<{
    data: number;
    dictionary: number | null;
    bytes: number;
    codec: string;
  }>(
    `SELECT data_page_offset AS data, dictionary_page_offset AS dictionary, total_compressed_size AS bytes,
      compression AS codec FROM parquet_metadata(${quoteText(file)})
    WHERE path_in_schema = ${quoteText(leaf.path)} ORDER BY row_group_id`,
  );
  const { maxLevel, elementLevel } = leaf;
  return chunks.map(({ data, dictionary, bytes, codec }) => {
    const from = dictionary !== null && dictionary > 0 && dictionary < data ? dictionary : data;
    return { from, end: from + bytes, codec, maxLevel, elementLevel };
  });
}
