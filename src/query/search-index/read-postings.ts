import type { Database } from "../database.ts";
import { relateNumbers } from "../number-table.ts";
import { addList, addShared, BLOCK_TERMS } from "./blocks.ts";
import { readByteChunks } from "./byte-chunks.ts";
import type { RowSet } from "./row-set.ts";

/** Terms whose rows are asked for. */
export interface Asked {
  terms: readonly number[];
  into: RowSet;
}

/** Keys that are named in a statement; more are put into a table. */
const MAX_KEYS_NAMED = 500;
/** To look through all keys takes less than to put so many into a table. */
const MANY_KEYS = 5000;

/** Adds the rows in which any of the terms stand to the set of these terms; for all of them with one query. */
export async function readPostings(database: Database, asked: readonly Asked[]): Promise<void> {
  const wanted = new Map<number, { positions: number[]; into: RowSet }[]>();
  const add = (key: number, into: RowSet, position?: number) => {
    const lists = wanted.get(key) ?? [];
    wanted.set(key, lists);
    let list = lists.find((one) => one.into === into);
    if (!list) {
      list = { positions: [], into };
      lists.push(list);
    }
    if (position !== undefined) list.positions.push(position);
  };
  for (const { terms, into } of asked) {
    for (const term of terms) {
      add(Math.floor(term / BLOCK_TERMS), into, term % BLOCK_TERMS);
      add(-1 - term, into);
    }
  }
  if (wanted.size === 0) return;
  const keys = await nameKeys(database, wanted);
  const sql = `SELECT "key", postings FROM index_postings WHERE "key" IN (${keys})`;
  for await (const { rowCount, numbers, bytes, offsets } of readByteChunks(database, sql, 1)) {
    for (let row = 0; row < rowCount; row++) {
      const key = numbers[0]?.[row] as number;
      const start = offsets[row] as number;
      for (const { positions, into } of wanted.get(key) ?? []) {
        if (key < 0) addList(bytes, start, offsets[row + 1] as number, into);
        else addShared(bytes, start, positions, into);
      }
    }
  }
}

/** What stands in an IN (…). */
async function nameKeys(database: Database, keys: ReadonlyMap<number, unknown>): Promise<string> {
  if (keys.size <= MAX_KEYS_NAMED) return [...keys.keys()].join(", ");
  const needed = keys.size > MANY_KEYS ? await existingKeys(database, keys) : keys.keys();
  const { relation } = await relateNumbers(database, needed);
  return `SELECT "@number" FROM ${relation}`;
}

/** Which of the keys are there: most terms have no list of their own. */
async function existingKeys(database: Database, keys: ReadonlyMap<number, unknown>): Promise<Set<number>> {
  const existing = new Set<number>();
  for await (const chunk of database.chunks('SELECT "key" FROM index_postings')) {
    const { items } = chunk.getColumnVector(0) as unknown as { items: Int32Array };
    for (const key of items) if (keys.has(key)) existing.add(key);
  }
  return existing;
}
