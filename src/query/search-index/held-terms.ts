import type { DuckDBInstance } from "@duckdb/node-api";
import type { Database } from "../database.ts";
import { quoteList } from "../sql.ts";
import { readByteChunks } from "./byte-chunks.ts";

/** The rows of `index_terms` of one column (tables.ts), with tokens as they are searched: in lower case or as they are. */
export interface HeldTerms {
  /** Numbers of the first terms of its vocabularies: of their marks. */
  vocabularies: number[];
  /** The tokens of all rows; those of row `i` are `bytes[starts[i]..starts[i + 1])`, the first has the number `firsts[i]`. */
  bytes: Buffer;
  starts: number[];
  firsts: number[];
}

/**
 * A vocabulary of more rows, of 4 kB each, is left to the engine. It takes ten times as long to look through them, and
 * as long as reading them into memory does.
 */
const MAX_ROWS = 8192;

interface Held {
  /** Of the table; unknown until a second search. */
  rowCount?: number;
  columns: Map<string, HeldTerms>;
}

/** Published files never change: what was read stays for as long as the instance does. */
const HELD = new WeakMap<DuckDBInstance, Held>();

/** Whether an instance was searched before. */
export function wasSearched(instance: DuckDBInstance): boolean {
  return HELD.has(instance);
}

/**
 * The terms of these columns, read on first use; undefined where the catalog has too many to hold, and at the first search
 * of an instance: a command has but one, and to read all of them takes longer than to let the engine look through them.
 */
export async function holdTerms(
  database: Database,
  columns: readonly string[],
  ignoreCase: boolean,
): Promise<HeldTerms[] | undefined> {
  const held = HELD.get(database.instance);
  if (held === undefined) {
    HELD.set(database.instance, { columns: new Map() });
    return undefined;
  }
  held.rowCount ??= await countTerms(database);
  if (held.rowCount > MAX_ROWS) return undefined;
  const known = held.columns;
  const keyOf = (name: string) => `${ignoreCase} ${name}`;
  const missing = columns.filter((name) => !known.has(keyOf(name)));
  // Set when all is read: another search must not wait for one that may be cancelled.
  for (const [at, terms] of (await readTerms(database, missing, ignoreCase)).entries())
    known.set(keyOf(missing[at] as string), terms);
  return columns.map((name) => known.get(keyOf(name)) as HeldTerms);
}

async function countTerms(database: Database): Promise<number> {
  const [counted] = await database.rows<{ count: number }>("SELECT count(*) AS count FROM index_terms");
  return counted?.count ?? 0;
}

async function readTerms(
  database: Database,
  columns: readonly string[],
  ignoreCase: boolean,
): Promise<HeldTerms[]> {
  if (columns.length === 0) return [];
  const names = quoteList(columns);
  const sql = `SELECT first, list_position(${names}, "column") - 1, ${ignoreCase ? "lower(tokens)" : "tokens"}
    FROM index_terms WHERE list_contains(${names}, "column")`;
  const read = columns.map(() => ({
    vocabularies: [] as number[],
    firsts: [] as number[],
    starts: [0],
    texts: [] as Uint8Array[],
  }));
  for await (const { rowCount, numbers, bytes, offsets } of readByteChunks(database, sql, 2)) {
    const [firsts, owners] = numbers as [Int32Array, Int32Array];
    for (let row = 0; row < rowCount; row++) {
      const {
        vocabularies,
        firsts: own,
        starts,
        texts,
      } = read[owners[row] as number] as (typeof read)[number];
      const text = bytes.subarray(offsets[row], offsets[row + 1]);
      if (text.length === 0) {
        vocabularies.push(firsts[row] as number);
        continue;
      }
      own.push(firsts[row] as number);
      starts.push((starts.at(-1) as number) + text.length);
      texts.push(text);
    }
  }
  return read.map(({ texts, ...terms }) => ({ ...terms, bytes: Buffer.concat(texts) }));
}
