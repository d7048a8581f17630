import type { Database } from "../database.ts";
import { oncePerInstance } from "../once-per-instance.ts";
import { quoteName } from "../sql.ts";
import { isNoTable } from "./ranges.ts";
import { addRows, type RowSet } from "./row-set.ts";

/**
 * Texts of rows that follow each other and are all the same but for a number, which counts up by one from row to row: the
 * names of pages, most often. What a search finds in them is computed, so that no term stands for any of the numbers.
 */
export interface Counter {
  /** Number of the first row. */
  row: number;
  count: number;
  before: string;
  after: string;
  /** That of the first row. It and those behind it are below 10 ** MAX_COUNTER_DIGITS. */
  number: number;
  /** Numbers of fewer digits begin with zeros. */
  width: number;
}

export const MAX_COUNTER_DIGITS = 15;

/**
 * Shorter counters are indexed as any text: a search looks at each counter, and names that count from one in folder after
 * folder share their terms.
 */
export const MIN_COUNTER_ROWS = 1024;

/** The text of the row at this distance from the first. */
export function textAt({ before, number, width, after }: Counter, at: number): string {
  return before + String(number + at).padStart(width, "0") + after;
}

/** Adds the rows whose text holds the searched. */
export function addMatches(counter: Counter, searched: string, into: RowSet): void {
  const { row, count, number } = counter;
  const end = number + count; // exclusive
  // Numbers of as many digits each; only those behind the first part may have more digits than `width`.
  for (let first = number; first < end; ) {
    const digits = Math.max(counter.width, String(first).length);
    const next = 10 ** digits;
    for (const [from, to] of matchesAmong(counter, searched, digits, first, Math.min(end, next) - 1)) {
      addRows(into, row + from - number, row + to - number + 1);
    }
    first = next;
  }
}

/** Ranges of those numbers in `first..last` (inclusive, all of as many digits) whose texts hold the searched. */
function* matchesAmong(
  { before, after }: Counter,
  searched: string,
  digits: number,
  first: number,
  last: number,
): Generator<[number, number]> {
  if (before.includes(searched) || after.includes(searched)) return yield [first, last];
  const numberEnd = before.length + digits;
  for (let at = 0; at + searched.length <= numberEnd + after.length; at++) {
    // The searched is of three parts, the second of which stands at digits `from..to` (exclusive).
    const from = Math.max(0, at - before.length);
    const to = Math.min(numberEnd, at + searched.length) - before.length;
    if (to <= from) continue; // seen above, or across an end of the number with none of its digits
    const lead = searched.slice(0, Math.max(0, before.length - at));
    const middle = searched.slice(lead.length, lead.length + to - from);
    const rest = searched.slice(lead.length + to - from);
    if (!before.endsWith(lead) || !after.startsWith(rest) || !/^[0-9]+$/.test(middle)) continue;
    const step = 10 ** (digits - from);
    const size = 10 ** (digits - to);
    for (let high = Math.floor(first / step); high * step <= last; high++) {
      const start = high * step + Number(middle) * size;
      const bounds: [number, number] = [Math.max(first, start), Math.min(last, start + size - 1)];
      if (bounds[0] <= bounds[1]) yield bounds;
    }
  }
}

/** The counters of these columns, as they are or in lower case. */
export async function readCounters(
  database: Database,
  columns: readonly string[],
  ignoreCase: boolean,
): Promise<Counter[][]> {
  const byColumn = await (ignoreCase ? readInLowerCase : readAsTheyAre)(database);
  return columns.map((name) => byColumn.get(name) ?? []);
}

const readAsTheyAre = oncePerInstance((database) => readAll(database, quoteName));
const readInLowerCase = oncePerInstance((database) =>
  readAll(database, (name) => `lower(${quoteName(name)})`),
);

async function readAll(database: Database, text: (name: string) => string): Promise<Map<string, Counter[]>> {
  const sql = `SELECT * REPLACE (${text("before")} AS "before", ${text("after")} AS "after") FROM index_counters`;
  const rows = await database.rows<Counter & { column: string }>(sql).catch((error) => {
    // An index of an earlier version has terms for all texts.
    if (isNoTable(error)) return [];
    throw error;
  });
  return Map.groupBy(rows, ({ column }) => column);
}
