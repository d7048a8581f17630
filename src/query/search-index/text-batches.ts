import type { DataType } from "apache-arrow";
import { gatherColumn } from "../arrow/columns.ts";
import type { Database } from "../database.ts";
import { composeText } from "../normal-form.ts";
import { quoteName } from "../sql.ts";
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
  const { Utf8 } = await import("apache-arrow");
  const name = quoteName(column);
  const text = normal ? name : composeText(name);
  const result = await database.stream(
    `SELECT CAST(rowid AS INTEGER), ${text} FROM catalog WHERE rowid >= ${start} AND rowid < ${end} AND ${name} <> ''`,
  );
  let next = result.fetchChunk();
  for (;;) {
    const chunk = await next;
    if (chunk === null || chunk.rowCount === 0) return;
    const rows = (chunk.getColumnVector(0) as unknown as { items: Int32Array }).items.slice(
      0,
      chunk.rowCount,
    );
    const all = Int32Array.from({ length: chunk.rowCount }, (_, at) => at);
    const { values, valueOffsets } = gatherColumn(chunk.getColumnVector(1), new Utf8() as DataType, all);
    next = result.fetchChunk(); // decoded while these are looked through
    const bytes = new Uint8Array(values.length + TEXT_MARGIN);
    bytes.set(values);
    yield { bytes, offsets: valueOffsets as Int32Array, rows };
  }
}
