import type { Database } from "../../query/database.ts";
import { quoteText } from "../../query/sql.ts";
import { cellName } from "./cell-file.ts";

/** What all values of a column of text are. */
export interface CellType {
  type: "BIGINT" | "DOUBLE" | "BOOLEAN" | "VARCHAR" | "NULL";
  /** Numbers, of which no type holds all exactly. */
  hasLongNumbers: boolean;
}

/** Of more columns at once a table is made of one: to plan the tests of each takes longer than to run them. */
const COLUMNS_AT_ONCE = 32;
const WHOLE = "^-?(0|[1-9][0-9]{0,18})$";
const NUMBER = "^-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?$";
const BOOLEAN = "^(true|false|True|False|TRUE|FALSE)$";

/** The types of columns `c0`... of a relation: a number or boolean only where every value is one and comes back exactly. */
export async function inferTypes(database: Database, relation: string, columns: number): Promise<CellType[]> {
  const cells = Array.from({ length: columns }, (_, at) => cellName(at));
  const isWide = columns > COLUMNS_AT_ONCE;
  const from = isWide
    ? `(SELECT unnest([${cells.join(", ")}]) AS cell, unnest(range(${columns})) AS place FROM ${relation}) GROUP BY place`
    : relation;
  const tested = isWide ? ["cell"] : cells;
  const tests = tested.flatMap((cell, at) => columnTests(cell, at));
  const found = await database.rows<Record<string, boolean | number | null>>(
    `SELECT ${[...tests, ...(isWide ? ["place"] : [])].join(", ")} FROM ${from}`,
  );
  const [first] = found;
  const byColumn = new Map(found.map((facts) => [facts.place, facts]));
  return cells.map((_, at) =>
    typeOf((test) => (isWide ? byColumn.get(at)?.[`${test}0`] : first?.[`${test}${at}`])),
  );
}

type Facts = (test: string) => boolean | number | null | undefined;

function columnTests(cell: string, at: number): string[] {
  const matches = (pattern: string) => `regexp_matches(${cell}, ${quoteText(pattern)})`;
  const all = (test: string, name: string) =>
    `bool_and(${test}) FILTER (${cell} IS NOT NULL) AS ${name}${at}`;
  return [
    all(`${matches(WHOLE)} AND ${cell} <> '-0' AND TRY_CAST(${cell} AS BIGINT) IS NOT NULL`, "whole"),
    all(matches(NUMBER), "number"),
    all(`${matches(NUMBER)} AND ${isExact(cell)}`, "exact"),
    all(matches(BOOLEAN), "boolean"),
  ];
}

function typeOf(is: Facts): CellType {
  const hasLongNumbers = false;
  if ((is("number") ?? null) === null) return { type: "NULL", hasLongNumbers };
  if (is("whole")) return { type: "BIGINT", hasLongNumbers };
  if (is("exact")) return { type: "DOUBLE", hasLongNumbers };
  if (is("boolean")) return { type: "BOOLEAN", hasLongNumbers };
  return { type: "VARCHAR", hasLongNumbers: is("number") === true };
}

/** SQL for what `numberKind` says: whether the nearest double, written shortly, is the same number. */
function isExact(cell: string): string {
  const value = `TRY_CAST(${cell} AS DOUBLE)`;
  const digits = (text: string) =>
    `trim(regexp_replace(regexp_replace(${text}, '[eE].*$', ''), '[-.]', '', 'g'), '0')`;
  return `((length(${cell}) <= 15 AND NOT regexp_matches(${cell}, '[eE]'))
    OR (isfinite(${value}) AND ${digits(cell)} = ${digits(`CAST(${value} AS VARCHAR)`)}))`;
}
