import type { Database } from "../database.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { quoteText } from "../sql.ts";
import { BLOCK_TERMS, decodeRows } from "./blocks.ts";
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

/** With these every vocabulary begins. */
const MARK_NAMES = Object.keys(MARKS) as Mark[];
const MARKS_HEAD = `\n${Object.values(MARKS).join("\n")}\n`;

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
     AND (${[`starts_with(tokens, ${quoteText(MARKS_HEAD)})`, ...fits].join(" OR ")})`,
  );
  const byColumn = new Map<string, ColumnTerms>();
  for (const row of found) {
    const own = byColumn.get(row.column) ?? {
      marks: { long: [], number: [], escape: [] },
      pieces: pieces.map(() => []),
    };
    byColumn.set(row.column, own);
    if (row.tokens.startsWith(MARKS_HEAD)) {
      for (const [at, mark] of MARK_NAMES.entries()) own.marks[mark].push(row.first + at);
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

/** Blocks that are asked for by number; of more, all are read. */
const MAX_BLOCKS_NAMED = 500;

/** Adds the rows in which any of the terms stand. */
async function readPostings(database: Database, terms: readonly number[], into: RowSet): Promise<void> {
  if (terms.length === 0) return;
  const positions = new Map<number, number[]>();
  for (const term of terms) {
    const block = Math.floor(term / BLOCK_TERMS);
    const list = positions.get(block);
    if (list) list.push(term % BLOCK_TERMS);
    else positions.set(block, [term % BLOCK_TERMS]);
  }
  const blocks = [...positions.keys()];
  const where = blocks.length > MAX_BLOCKS_NAMED ? "" : ` WHERE block IN (${blocks.join(", ")})`;
  const result = await database.stream(`SELECT block, postings FROM index_postings${where}`);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const numbers = chunk.getColumnVector(0);
    const blobs = chunk.getColumnVector(1);
    for (let row = 0; row < chunk.rowCount; row++) {
      const wanted = positions.get(Number(numbers.getItem(row)));
      if (wanted) decodeRows((blobs.getItem(row) as { bytes: Uint8Array }).bytes, wanted, into);
    }
  }
}
