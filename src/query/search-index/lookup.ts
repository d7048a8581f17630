import { gatherColumn } from "../arrow/columns.ts";
import type { Database } from "../database.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { quoteText } from "../sql.ts";
import { addList, addShared, BLOCK_TERMS, numberOf } from "./blocks.ts";
import { countRows, createRowSet, intersect, type RowSet, subtract, unite } from "./row-set.ts";
import { MARKS, MAX_NUMBER_DIGITS, type Mark, type Piece, splitNeedle } from "./tokens.ts";

/** What the index says of the rows that it knows. */
export interface Candidates {
  /** Rows that meet the condition. */
  exact: RowSet;
  /** Rows that may, and must be read. */
  doubtful: RowSet;
}

/** Few rows: to look for fewer still would cost more than to read these. */
const FEW_ROWS = 2000;

/**
 * Looks a condition up in the index of an open catalog, whose rows are numbered below `rowCount`. Undefined where the
 * index is of no help: no text is searched, or none of its characters are of a token.
 */
export async function lookUp(
  database: Database,
  condition: ColumnCondition,
  rowCount: number,
): Promise<Candidates | undefined> {
  const { text, columns, ignoreCase } = condition;
  if (text === undefined || columns.length === 0) return undefined;
  const needle = ignoreCase ? await lowerCase(database, text) : text;
  const pieces = splitNeedle(needle).sort(bySelectivity);
  const inJson = condition.steps !== undefined;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: JSON writes these behind a backslash only
  const onlyEscaped = inJson && /["\\\u0000-\u001f]/.test(text);
  if (pieces.length === 0 && !onlyEscaped) return undefined;
  const searched = onlyEscaped ? [] : pieces;
  const terms = await findTerms(database, condition, searched);
  const found = { exact: createRowSet(rowCount), doubtful: createRowSet(rowCount) };
  const isExact = !inJson && pieces.length === 1 && pieces[0]?.at === "inside";
  for (const column of columns) {
    const own = terms.get(column.name);
    if (!own) continue; // no row of the column has a token
    const rowsOf = async (numbers: readonly number[]) => {
      const set = createRowSet(rowCount);
      await readPostings(database, numbers, set);
      return set;
    };
    if (inJson) unite(found.doubtful, await rowsOf(own.marks.escape));
    const long = await rowsOf(own.marks.long);
    let candidates: RowSet | undefined;
    for (const [at, piece] of searched.entries()) {
      const rows = await rowsOf(own.pieces[at] ?? []);
      if (isExact) unite(found.exact, rows);
      unite(rows, long);
      if (!inJson && isShortNumber(piece)) unite(rows, await rowsOf(own.marks.number));
      if (candidates) intersect(candidates, rows);
      candidates ??= rows;
      if (countRows(candidates) <= FEW_ROWS) break;
    }
    if (candidates) unite(found.doubtful, candidates);
  }
  subtract(found.doubtful, found.exact);
  return found;
}

/** Long pieces first: they stand in fewer rows. Short numbers last: of those the index knows little. */
function bySelectivity(a: Piece, b: Piece): number {
  return Number(isShortNumber(a)) - Number(isShortNumber(b)) || b.text.length - a.text.length;
}

/** Whether tokens with this piece may be numbers that are no terms. */
function isShortNumber({ text }: Piece): boolean {
  return text.length <= MAX_NUMBER_DIGITS && /^[0-9]+$/.test(text);
}

/** Lower case as the engine makes it: the needle must be treated as the tokens are. */
async function lowerCase(database: Database, text: string): Promise<string> {
  const [row] = await database.rows<{ text: string }>("SELECT lower($1) AS text", [text]);
  return row?.text ?? text;
}

/** Numbers of terms of one column. */
interface ColumnTerms {
  marks: Record<Mark, number[]>;
  /** For each piece, those of the tokens that fit it. */
  pieces: number[][];
}

const MARK_NAMES = Object.keys(MARKS) as Mark[];

async function findTerms(
  database: Database,
  { columns, ignoreCase }: ColumnCondition,
  pieces: readonly Piece[],
): Promise<Map<string, ColumnTerms>> {
  const tokens = ignoreCase ? "lower(tokens)" : "tokens";
  const fits = pieces.map(({ text, at }) => {
    const before = at === "start" || at === "whole" ? "\n" : "";
    const after = at === "end" || at === "whole" ? "\n" : "";
    return `contains(${tokens}, ${quoteText(before + text + after)})`;
  });
  const found = await database.rows<{ first: number; column: string; tokens: string }>(
    `SELECT first, "column", ${tokens} AS tokens FROM index_terms
     WHERE "column" IN (${columns.map(({ name }) => quoteText(name)).join(", ")})
     AND (${["tokens = ''", ...fits].join(" OR ")})`,
  );
  const byColumn = new Map<string, ColumnTerms>();
  for (const row of found) {
    const own = byColumn.get(row.column) ?? {
      marks: { long: [], number: [], escape: [] },
      pieces: pieces.map(() => []),
    };
    byColumn.set(row.column, own);
    if (row.tokens === "") {
      for (const [at, mark] of MARK_NAMES.entries()) own.marks[mark].push(numberOf(row.first, at));
      continue;
    }
    const list = row.tokens.split("\n").slice(1, -1);
    for (const [at, piece] of pieces.entries()) {
      const numbers = own.pieces[at] ?? [];
      for (const [position, token] of list.entries())
        if (fitsPiece(token, piece)) numbers.push(row.first + position);
    }
  }
  return byColumn;
}

function fitsPiece(token: string, { text, at }: Piece): boolean {
  if (at === "inside") return token.includes(text);
  if (at === "start") return token.startsWith(text);
  return at === "end" ? token.endsWith(text) : token === text;
}

/** Rows of the table that are asked for by key; of more, all are read. */
const MAX_KEYS_NAMED = 500;

/** Adds the rows in which any of the terms stand. */
async function readPostings(database: Database, terms: readonly number[], into: RowSet): Promise<void> {
  if (terms.length === 0) return;
  const positions = new Map<number, number[]>();
  for (const term of terms) {
    const block = Math.floor(term / BLOCK_TERMS);
    const list = positions.get(block);
    if (list) list.push(term % BLOCK_TERMS);
    else positions.set(block, [term % BLOCK_TERMS]);
    positions.set(-1 - term, []);
  }
  const keys = [...positions.keys()];
  const where = keys.length > MAX_KEYS_NAMED ? "" : ` WHERE "key" IN (${keys.join(", ")})`;
  const result = await database.stream(`SELECT "key", postings FROM index_postings${where}`);
  const { Binary } = await import("apache-arrow");
  const type = new Binary();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const { items } = chunk.getColumnVector(0) as unknown as { items: Int32Array };
    const wanted = Int32Array.from(items.keys()).filter((row) => positions.has(items[row] as number));
    if (wanted.length === 0) continue;
    const { values, valueOffsets } = gatherColumn(chunk.getColumnVector(1), type, wanted);
    for (const [at, row] of wanted.entries()) {
      const key = items[row] as number;
      const start = valueOffsets[at] as number;
      if (key < 0) addList(values, start, valueOffsets[at + 1] as number, into);
      else addShared(values, start, positions.get(key) ?? [], into);
    }
  }
}
