import { ONLY_ESCAPED } from "../../schema/escaped-text.ts";
import { type Database, onOwnConnection } from "../database.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { addMatches, type Counter, readCounters } from "./counters.ts";
import { readPostings } from "./read-postings.ts";
import { countRows, createRowSet, intersect, type RowSet, subtract, unite } from "./row-set.ts";
import { beginTerms, type ColumnTerms, findTerms, wasBegun } from "./terms.ts";
import { MAX_NUMBER_DIGITS, splitSearchText, type TokenPattern } from "./tokens.ts";

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
  const inJson = condition.steps !== undefined;
  const asText = await readText(database, text, ignoreCase, inJson);
  if (asText === undefined) return undefined;
  const { indexed, searched, isEscaped } = asText;
  const terms = await findTerms(database, condition, searched);
  const names = columns.map(({ name }) => name);
  const counters = (await readCounters(database, names, ignoreCase)).flat();
  const [only] = searched;
  if (!inJson && searched.length === 1 && only?.at === "inside") {
    return lookUpExactly(database, only, terms, counters, rowCount);
  }
  const found = { exact: createRowSet(rowCount), doubtful: createRowSet(rowCount) };
  // At a path there is a text of them only where it is JSON.
  for (const counter of counters) addMatches(counter, indexed, inJson ? found.doubtful : found.exact);
  for (const own of terms) {
    const long = createRowSet(rowCount);
    const asked = [{ terms: own.marks.long, into: long }];
    if (inJson || isEscaped) asked.push({ terms: own.marks.escape, into: found.doubtful });
    let candidates: RowSet | undefined;
    for (const [at, piece] of searched.entries()) {
      const rows = createRowSet(rowCount);
      asked.push({ terms: own.pieces[at] ?? [], into: rows });
      if (isShortNumber(piece)) asked.push({ terms: own.marks.number, into: rows });
      await readPostings(database, asked.splice(0));
      unite(rows, long);
      if (candidates) intersect(candidates, rows);
      candidates ??= rows;
      if (countRows(candidates) <= FEW_ROWS) break;
    }
    await readPostings(database, asked);
    if (candidates) unite(found.doubtful, candidates);
  }
  subtract(found.doubtful, found.exact);
  return found;
}

/**
 * Begins to read what the search for a text needs of the index, before it is known in which columns it looks. Only the
 * first search of an instance gains by it.
 */
export async function beginLookUp(
  database: Database,
  { text, column, ignoreCase, inJson }: SearchedText,
): Promise<void> {
  if (wasBegun(database)) return;
  readCounters(database, [], ignoreCase).catch(() => {}); // who needs them asks again
  await onOwnConnection(database, async (own) => {
    const asText = await readText(own, text, ignoreCase, inJson);
    if (asText) await beginTerms(own, column, ignoreCase, asText.searched);
  });
}

/** As a query has it. */
export interface SearchedText {
  text: string;
  /** Undefined for all. */
  column: string | undefined;
  ignoreCase: boolean;
  inJson: boolean;
}

/** A text as the index has it, and its pieces that are looked up there; undefined where the index is of no help. */
async function readText(database: Database, text: string, ignoreCase: boolean, inJson: boolean) {
  const indexed = ignoreCase ? await lowerCase(database, text) : text;
  const isEscaped = ONLY_ESCAPED.test(indexed);
  // At a path it stands in decoded strings alone.
  if (inJson && isEscaped) return { indexed, searched: [], isEscaped };
  const searched = splitSearchText(indexed).sort(bySelectivity);
  return searched.length === 0 ? undefined : { indexed, searched, isEscaped };
}

/** For a text that is inside a token wherever it stands: the tokens tell, but for those that are no terms. */
async function lookUpExactly(
  database: Database,
  piece: TokenPattern,
  columns: readonly ColumnTerms[],
  counters: readonly Counter[],
  rowCount: number,
): Promise<Candidates> {
  const exact = createRowSet(rowCount);
  for (const counter of counters) addMatches(counter, piece.text, exact);
  const doubtful = createRowSet(rowCount);
  const asked = columns.flatMap(({ marks, pieces: [terms = []] }) => [
    { terms, into: exact },
    { terms: isShortNumber(piece) ? [...marks.long, ...marks.number] : marks.long, into: doubtful },
  ]);
  await readPostings(database, asked);
  subtract(doubtful, exact);
  return { exact, doubtful };
}

/** Long pieces first: they stand in fewer rows. Short numbers last: of those the index knows little. */
function bySelectivity(a: TokenPattern, b: TokenPattern): number {
  return Number(isShortNumber(a)) - Number(isShortNumber(b)) || b.text.length - a.text.length;
}

/** Whether tokens with this piece may be numbers that are no terms. */
function isShortNumber({ text }: TokenPattern): boolean {
  return text.length <= MAX_NUMBER_DIGITS && /^[0-9]+$/.test(text);
}

/** Lower case as the engine makes it: the text must be treated as the tokens are. */
async function lowerCase(database: Database, text: string): Promise<string> {
  const [row] = await database.rows<{ text: string }>("SELECT lower($1) AS text", [text]);
  return row?.text ?? text;
}
