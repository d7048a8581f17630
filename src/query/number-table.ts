import type { Database } from "./database.ts";

/** Temporary integers of a connection, say rowids of `catalog`. `@n`, no lake column, counts from 0. */
export const NUMBERS = "temp.chosen_numbers";

/** DuckDB's vector size. */
const CHUNK_ROWS = 2048;
const PAUSE_ROWS = 32 * CHUNK_ROWS;

/** Recreates the table with these numbers; returns their count. */
export async function makeNumberTable(database: Database, numbers: Iterable<number>): Promise<number> {
  const { BIGINT, DuckDBDataChunk } = await import("@duckdb/node-api");
  await database.run(`CREATE OR REPLACE TEMP TABLE ${NUMBERS} ("@n" BIGINT, "@number" BIGINT)`);
  const [schema = "", name = ""] = NUMBERS.split(".");
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
  for (const number of numbers) {
    pending.push(BigInt(number));
    count++;
    if (pending.length < CHUNK_ROWS) continue;
    flush();
    if (count % PAUSE_ROWS === 0) await Bun.sleep(0); // others have their turn
  }
  if (pending.length > 0) flush();
  appender.closeSync();
  return count;
}

/** Up to this many numbers are inlined; creating a table takes longer than many small queries. */
const MAX_WRITTEN = 100;

/** A FROM relation with the columns of that table, which is created only for many numbers. */
export async function relateNumbers(
  database: Database,
  numbers: Iterable<number>,
): Promise<{ relation: string; count: number }> {
  const iterator = numbers[Symbol.iterator]();
  const first: number[] = [];
  for (let next = iterator.next(); !next.done; next = iterator.next()) {
    first.push(next.value);
    if (first.length > MAX_WRITTEN) {
      return { relation: NUMBERS, count: await makeNumberTable(database, chain(first, iterator)) };
    }
  }
  const rows = first.map((number, at) => `(${at}, ${number})`).join(", ");
  const relation = rows === "" ? "(SELECT 0, 0 WHERE false)" : `(VALUES ${rows})`;
  return { relation: `(SELECT * FROM ${relation} AS t("@n", "@number"))`, count: first.length };
}

function* chain(first: readonly number[], rest: Iterator<number>): Generator<number> {
  yield* first;
  yield* { [Symbol.iterator]: () => rest };
}
