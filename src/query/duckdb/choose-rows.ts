import type { Database } from "../database.ts";
import { makeNumberTable, NUMBERS } from "../number-table.ts";
import { ROW } from "./homes.ts";

/** So many numbers are written into the statement: then an index on them is used. */
const MAX_WRITTEN = 2000;

/** Rows that are chosen by their numbers. */
export interface ChosenRows {
  /** A condition that holds for them. */
  where: string;
  count: number;
  /** SQL that sorts them as they were given. */
  order: string;
}

/** A condition on rows by number; many are put into a table of the connection's own, which the next call makes anew. */
export async function chooseRows(database: Database, numbers: Iterable<number>): Promise<ChosenRows> {
  const iterator = numbers[Symbol.iterator]();
  const first: number[] = [];
  let next = iterator.next();
  for (; !next.done && first.length < MAX_WRITTEN; next = iterator.next()) first.push(next.value);
  if (next.done) {
    const isSorted = first.every((number, at) => at === 0 || (first[at - 1] as number) < number);
    const list = first.join(", ");
    return {
      where: first.length === 0 ? "false" : `${ROW} IN (${list})`,
      count: first.length,
      order: isSorted ? ROW : `list_position([${list}], ${ROW})`,
    };
  }
  const count = await makeNumberTable(database, chain(first, next.value, iterator));
  return {
    where: `${ROW} IN (SELECT "@number" FROM ${NUMBERS})`,
    count,
    // By other names: the row's number is called as the table's first column.
    order: `(SELECT place FROM ${NUMBERS} AS chosen(place, number) WHERE number = ${ROW})`,
  };
}

function* chain(first: readonly number[], following: number, rest: Iterator<number>): Generator<number> {
  yield* first;
  yield following;
  yield* { [Symbol.iterator]: () => rest };
}
