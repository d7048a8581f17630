import { gatherColumn } from "../arrow/columns.ts";
import type { Database } from "../database.ts";
import { relateNumbers } from "../number-table.ts";
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
  const [only] = searched;
  if (!inJson && searched.length === 1 && only?.at === "inside") {
    return lookUpExactly(database, only, terms.values(), rowCount);
  }
  const found = { exact: createRowSet(rowCount), doubtful: createRowSet(rowCount) };
  for (const own of terms.values()) {
    const long = createRowSet(rowCount);
    const asked = [{ terms: own.marks.long, into: long }];
    if (inJson) asked.push({ terms: own.marks.escape, into: found.doubtful });
    let candidates: RowSet | undefined;
    for (const [at, piece] of searched.entries()) {
      const rows = createRowSet(rowCount);
      asked.push({ terms: own.pieces[at] ?? [], into: rows });
      if (!inJson && isShortNumber(piece)) asked.push({ terms: own.marks.number, into: rows });
      await readPostings(database, asked.splice(0));
      unite(rows, long);
      if (candidates) intersect(candidates, rows);
      candidates ??= rows;
      if (countRows(candidates) <= FEW_ROWS) break;
    }
    await readPostings(database, asked);
    if (candidates) unite(found.doubtful, candidates);
  }
  return found;
}

/** For a needle that is inside a token wherever it stands: the tokens tell, but for those that are no terms. */
async function lookUpExactly(
  database: Database,
  piece: Piece,
  columns: Iterable<ColumnTerms>,
  rowCount: number,
): Promise<Candidates> {
  const exact = createRowSet(rowCount);
  const doubtful = createRowSet(rowCount);
  const asked = Array.from(columns, ({ marks, pieces: [terms = []] }) => [
    { terms, into: exact },
    { terms: isShortNumber(piece) ? [...marks.long, ...marks.number] : marks.long, into: doubtful },
  ]);
  await readPostings(database, asked.flat());
  subtract(doubtful, exact);
  return { exact, doubtful };
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
  const fits = pieces.map(({ text, at }) => `contains(${tokens}, ${quoteText(patternOf(text, at))})`);
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
    for (const [at, piece] of pieces.entries()) {
      for (const position of findTokens(row.tokens, piece)) own.pieces[at]?.push(row.first + position);
    }
  }
  return byColumn;
}

/** The positions of the tokens that fit a piece, in a text that has each token between line breaks. */
export function* findTokens(tokens: string, { text, at }: Piece): Generator<number> {
  const pattern = patternOf(text, at);
  const shift = pattern.startsWith("\n") ? 1 : 0;
  let position = -1;
  let counted = 0; // line breaks before here are counted in `position`
  for (let hit = tokens.indexOf(pattern); hit >= 0; ) {
    for (; counted < hit + shift; counted++) if (tokens.charCodeAt(counted) === LINE_BREAK) position++;
    yield position;
    const next = tokens.indexOf("\n", hit + shift);
    hit = next < 0 ? -1 : tokens.indexOf(pattern, next);
  }
}

const LINE_BREAK = 10;

function patternOf(text: string, at: Piece["at"]): string {
  const before = at === "start" || at === "whole" ? "\n" : "";
  const after = at === "end" || at === "whole" ? "\n" : "";
  return before + text + after;
}

/** Keys that are named in a statement; more are put into a table. */
const MAX_KEYS_NAMED = 500;

/** Terms whose rows are asked for. */
interface Asked {
  terms: readonly number[];
  into: RowSet;
}

/** Adds the rows in which any of the terms stand to the set of these terms; for all of them with one query. */
async function readPostings(database: Database, asked: readonly Asked[]): Promise<void> {
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
  const keys = [...wanted.keys()];
  let list = keys.join(", ");
  if (keys.length > MAX_KEYS_NAMED) {
    const { relation } = await relateNumbers(database, await existingKeys(database, wanted));
    list = `SELECT "@number" FROM ${relation}`;
  }
  const result = await database.stream(`SELECT "key", postings FROM index_postings WHERE "key" IN (${list})`);
  const { Binary } = await import("apache-arrow");
  const type = new Binary();
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    const { items } = chunk.getColumnVector(0) as unknown as { items: Int32Array };
    const rows = Int32Array.from(items.keys());
    const { values, valueOffsets } = gatherColumn(chunk.getColumnVector(1), type, rows);
    for (const [at, row] of rows.entries()) {
      const key = items[row] as number;
      const start = valueOffsets[at] as number;
      for (const { positions, into } of wanted.get(key) ?? []) {
        if (key < 0) addList(values, start, valueOffsets[at + 1] as number, into);
        else addShared(values, start, positions, into);
      }
    }
  }
}

/** Which of the keys are there: most terms have no list of their own. */
async function existingKeys(database: Database, keys: ReadonlyMap<number, unknown>): Promise<Set<number>> {
  const existing = new Set<number>();
  const result = await database.stream('SELECT "key" FROM index_postings');
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return existing;
    const { items } = chunk.getColumnVector(0) as unknown as { items: Int32Array };
    for (const key of items) if (keys.has(key)) existing.add(key);
  }
}
