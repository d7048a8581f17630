import type { Database } from "../database.ts";
import { composeText } from "../normal-form.ts";
import { quoteName } from "../sql.ts";
import { readByteChunks } from "./byte-chunks.ts";
import { TEXT_MARGIN, type TextBatch } from "./tokenize.ts";

/**
 * The texts of a column of the table `catalog` in rows `start..end` (exclusive), NULL and empty ones left out. `normal`
 * says that they are known to be in NFC; else they are brought there.
 */
export async function* readTexts(
  database: Database,
  column: string,
  { start, end }: { start: number; end: number },
  normal: boolean,
): AsyncGenerator<TextBatch> {
  const name = quoteName(column);
  const text = normal ? name : composeText(name);
  const sql = `SELECT CAST(rowid AS INTEGER), ${text} FROM catalog WHERE rowid >= ${start} AND rowid < ${end} AND ${name} <> ''`;
  for await (const { numbers, bytes: texts, offsets } of readByteChunks(database, sql, 1)) {
    const bytes = new Uint8Array(texts.length + TEXT_MARGIN);
    bytes.set(texts);
    yield { bytes, offsets, rows: numbers[0] as Int32Array };
  }
}
