import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "../../query/database.ts";
import { quoteList, quoteName, quoteText } from "../../query/sql.ts";
import { chunksOf, streamResult } from "../../query/stream-result.ts";
import { mapConcurrent } from "../../util/concurrent.ts";
import { EntryProblem, type Input, type InputContext, type SourceColumn } from "../input.ts";
import { findLocalFile } from "../local-paths.ts";
import type { FoundFiles } from "./found-files.ts";
import { labelText, MAX_LABEL_BYTES } from "./label-text.ts";

const AT_ONCE = 8;
/** Labels that are held at a time: they may be long. */
const BATCH = 64;
/** Of label texts in one file of rows, about. */
const PIECE_BYTES = 64 << 20;
const PIECE_ROWS = 100_000;

/** A label as its file has it. */
export const LABEL_COLUMN: SourceColumn = { name: "label", type: "VARCHAR", json: "value" };

export interface RowSource {
  /** SELECT of the rows in their order: these columns, then the path of each row's label and why it is rejected, if it is. */
  select: string;
  columns: readonly { name: string; type: string }[];
}

/**
 * The rows of a collection with the text of each label, exactly as it stands in its file: a relation over files in
 * scratch, with the columns of the source, `label` and `__reject`. Labels are read when it is first asked for.
 */
export function labelledRows(
  source: RowSource,
  files: { found: FoundFiles; folder: string },
  context: InputContext,
): Input["rows"] {
  let written: Promise<string> | undefined;
  return (signal = context.signal) => {
    written ??= writeLabelledRows(source, files, { ...context, ...(signal && { signal }) }).catch((error) => {
      written = undefined;
      throw error;
    });
    return written;
  };
}

async function writeLabelledRows(
  { select, columns }: RowSource,
  files: { found: FoundFiles; folder: string },
  context: InputContext,
): Promise<string> {
  const { database, scratch, signal } = context;
  const name = `labelled_${crypto.randomUUID().replaceAll("-", "")}`;
  const types = [...columns, { name: "label", type: "VARCHAR" }, { name: "__reject", type: "VARCHAR" }];
  const made = types.map(({ name, type }) => `${quoteName(name)} ${type}`).join(", ");
  const pieces: string[] = [];
  const piece = createPiece(database, name, made, async () => {
    const path = join(scratch, `${name}-${pieces.length}.parquet`);
    pieces.push(path);
    await database.run(
      `COPY ${name} TO ${quoteText(path)} (FORMAT parquet, COMPRESSION lz4_raw, ROW_GROUP_SIZE 8192)`,
    );
  });
  const connection = await database.instance.connect();
  try {
    const rows = await streamResult(connection, select);
    for await (const chunk of chunksOf(rows)) {
      const values = chunk.getRows() as unknown[][];
      for (let from = 0; from < values.length; from += BATCH) {
        signal?.throwIfAborted();
        const batch = values.slice(from, from + BATCH);
        const labels = await mapConcurrent(batch, AT_ONCE, (row) =>
          readLabel(row[columns.length] as string | null, files, context),
        );
        for (const [at, row] of batch.entries()) {
          const label = labels[at] ?? null;
          const given = row[columns.length + 1] as string | null;
          const text = label !== null && "text" in label ? label.text : null;
          const reject = given ?? (label !== null && "reason" in label ? label.reason : null);
          await piece.add([...row.slice(0, columns.length), text, reject], text?.length ?? 0);
        }
      }
    }
  } finally {
    connection.closeSync();
  }
  await piece.end();
  return `read_parquet(${quoteList(pieces)})`;
}

/** Writes rows as they are to scratch; gives a relation over them. */
export async function writeList(select: string, { database, scratch }: InputContext): Promise<string> {
  const path = join(scratch, "list.parquet");
  await database.run(`COPY (${select}) TO ${quoteText(path)} (FORMAT parquet)`);
  return `read_parquet(${quoteText(path)})`;
}

/** A table that is written out whenever it has grown large. */
function createPiece(database: Database, table: string, columns: string, write: () => Promise<void>) {
  let appender: Awaited<ReturnType<Database["connection"]["createAppender"]>> | undefined;
  let bytes = 0;
  let rows = 0;
  let written = 0;
  const begin = async () => {
    await database.run(`CREATE TABLE ${table} (${columns})`);
    return database.connection.createAppender(table);
  };
  const flush = async () => {
    appender ??= await begin();
    appender.closeSync();
    appender = undefined;
    await write();
    await database.run(`DROP TABLE ${table}`);
    bytes = 0;
    rows = 0;
    written++;
  };
  return {
    async add(values: readonly unknown[], sizeBytes: number): Promise<void> {
      appender ??= await begin();
      for (const value of values) {
        if (value === null || value === undefined) appender.appendNull();
        else if (typeof value === "number") appender.appendInteger(value);
        else appender.appendVarchar(String(value));
      }
      appender.endRow();
      bytes += sizeBytes;
      if (bytes >= PIECE_BYTES || ++rows >= PIECE_ROWS) await flush();
    },
    async end(): Promise<void> {
      if (written === 0 || appender !== undefined) await flush();
    },
  };
}

async function readLabel(
  path: string | null,
  files: { found: FoundFiles; folder: string },
  { text }: InputContext,
): Promise<{ text: string } | { reason: string } | null> {
  if (path === null) return null;
  const named = (why: string) => ({ reason: `the label ${path} ${why}` });
  const entry = files.found.archives.find(path);
  if (entry !== undefined) {
    if (entry.sizeBytes > MAX_LABEL_BYTES) return named(tooLarge(entry.sizeBytes));
    try {
      return readText(await entry.bytes());
    } catch (error) {
      if (error instanceof EntryProblem) return { reason: error.message };
      throw error;
    }
  }
  const local = await findLocalFile(path, [files.folder]);
  if (local === undefined) return named("does not exist");
  if (local.sizeBytes > MAX_LABEL_BYTES) return named(tooLarge(local.sizeBytes));
  return readText(await readFile(local.path));

  function readText(bytes: Uint8Array) {
    const read = labelText(bytes, text?.encoding);
    return "text" in read ? read : named(read.reason);
  }
}

function tooLarge(sizeBytes: number): string {
  return `has ${sizeBytes} bytes; a label has at most ${MAX_LABEL_BYTES}`;
}
