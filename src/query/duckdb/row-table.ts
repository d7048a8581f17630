import type { Database } from "../database.ts";

/**
 * A temporary table of rows, each connection's own: `@n` counts from 0, `@row` is a rowid of `catalog`. No column of a
 * lake has such names.
 */
export const ROWS = "temp.chosen_rows";

/** DuckDB's vector size. */
const CHUNK_ROWS = 2048;

/** Makes the table anew of these rows; gives their number. */
export async function makeRowTable(database: Database, rows: Iterable<number>): Promise<number> {
  const { BIGINT, DuckDBDataChunk } = await import("@duckdb/node-api");
  await database.run(`CREATE OR REPLACE TEMP TABLE ${ROWS} ("@n" BIGINT, "@row" BIGINT)`);
  const [schema = "", name = ""] = ROWS.split(".");
  const appender = await database.connection.createAppender(name, "main", schema);
  const pending: bigint[] = [];
  let count = 0;
  const flush = () => {
    const chunk = DuckDBDataChunk.create([BIGINT, BIGINT], pending.length);
    const first = BigInt(count - pending.length);
    chunk.setColumnValues(
      0,
      pending.map((_, at) => first + BigInt(at)),
    );
    chunk.setColumnValues(1, pending.splice(0));
    appender.appendDataChunk(chunk);
  };
  for (const row of rows) {
    pending.push(BigInt(row));
    count++;
    if (pending.length === CHUNK_ROWS) flush();
  }
  if (pending.length > 0) flush();
  appender.closeSync();
  return count;
}
