import type { Database } from "../database.ts";
import { ROW } from "../duckdb/homes.ts";
import { quoteName } from "../sql.ts";
import { indexedText } from "../text-leaves.ts";
import { readByteChunks } from "./byte-chunks.ts";
import type { Run } from "./columns.ts";
import { TEXT_MARGIN, type TextBatch } from "./tokenize.ts";

/** The texts of a column of a run in NFC, out of SQL of a table that has them; empty for NULL, where not most are. */
export async function* readTexts(
  database: Database,
  { type, normal, sparse }: Run,
  column: string,
  table: string,
): AsyncGenerator<TextBatch> {
  const text = indexedText({ name: column, type }, normal);
  const name = quoteName(column);
  const isJoined = type !== "VARCHAR";
  // A text in parts would be put together for the condition, and once more.
  const filled = sparse ? ` WHERE ${name} IS NOT NULL` : "";
  const sql = `SELECT ${ROW}, ${text} FROM ${table}${filled}`;
  for await (const { numbers, bytes: texts, offsets } of readByteChunks(database, sql, 1)) {
    const bytes = new Uint8Array(texts.length + TEXT_MARGIN);
    bytes.set(texts);
    yield { bytes, offsets, rows: numbers[0] as Int32Array, isJoined };
  }
}
