import type { Column } from "../../schema/columns.ts";
import type { Database } from "../database.ts";
import { type HousedPartition, ROW, selectRows } from "../duckdb/homes.ts";
import { quoteName } from "../sql.ts";
import { indexedText } from "../text-leaves.ts";
import { readByteChunks } from "./byte-chunks.ts";
import { TEXT_MARGIN, type TextBatch } from "./tokenize.ts";

/**
 * The texts of a column of partitions that share a layout in rows `start..end` (exclusive), NULL and empty ones left
 * out. `normal` says that they are known to be in NFC; else they are brought there.
 */
export async function* readTexts(
  database: Database,
  group: readonly HousedPartition[],
  column: Column,
  { start, end }: { start: number; end: number },
  normal: boolean,
): AsyncGenerator<TextBatch> {
  const text = indexedText(column, normal);
  const name = quoteName(column.name);
  const isJoined = column.type !== "VARCHAR";
  const filled = isJoined ? `${name} IS NOT NULL` : `${name} <> ''`;
  const rows = selectRows(group, [column], `${ROW} >= ${start} AND ${ROW} < ${end}`);
  const sql = `SELECT ${ROW}, ${text} FROM (${rows}) WHERE ${filled}`;
  for await (const { numbers, bytes: texts, offsets } of readByteChunks(database, sql, 1)) {
    const bytes = new Uint8Array(texts.length + TEXT_MARGIN);
    bytes.set(texts);
    yield { bytes, offsets, rows: numbers[0] as Int32Array, isJoined };
  }
}
