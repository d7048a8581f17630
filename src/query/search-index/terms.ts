import type { DuckDBInstance } from "@duckdb/node-api";
import type { Database } from "../database.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { quoteList, quoteText } from "../sql.ts";
import { numberOf } from "./blocks.ts";
import { readByteChunks } from "./byte-chunks.ts";
import { type HeldTerms, holdTerms, wasSearched } from "./held-terms.ts";
import { MARKS, type Mark, type TokenPattern } from "./tokens.ts";

/** Numbers of terms of one column. */
export interface ColumnTerms {
  marks: Record<Mark, number[]>;
  /** For each piece, those of the tokens that fit it. */
  pieces: number[][];
}

const MARK_NAMES = Object.keys(MARKS) as Mark[];

/** The terms of each searched column: its marks, and those that fit the pieces. */
export async function findTerms(
  database: Database,
  { columns, ignoreCase }: Pick<ColumnCondition, "columns" | "ignoreCase">,
  pieces: readonly TokenPattern[],
): Promise<ColumnTerms[]> {
  const names = columns.map(({ name }) => name);
  const patterns = pieces.map(patternOf);
  const held = await holdTerms(database, names, ignoreCase);
  if (held !== undefined) {
    const sought = patterns.map((pattern) => Buffer.from(pattern));
    return held.map((terms) => {
      const marks = noMarks();
      for (const first of terms.vocabularies) addMarks(marks, first);
      return { marks, pieces: sought.map((pattern) => matchesIn(terms, pattern)) };
    });
  }
  const ahead = await takeAhead(database, keyOf(patterns, ignoreCase), names);
  const found = ahead ?? (await scanTerms(database, patterns, ignoreCase, names));
  return names.map((name) => found.get(name) ?? noTerms(patterns));
}

function matchesIn({ bytes, starts, firsts }: HeldTerms, pattern: Buffer): number[] {
  const found: number[] = [];
  let row = 0;
  // Every row begins and ends with a line break, of which a pattern has no two: none spans rows.
  for (let hit = bytes.indexOf(pattern); hit >= 0; hit = bytes.indexOf(pattern, starts[row])) {
    while ((starts[row + 1] as number) <= hit) row++;
    const text = bytes.subarray(starts[row], starts[row + 1]);
    addMatches(text, pattern, firsts[row] as number, found);
    row++;
  }
  return found;
}

/** Terms by their column. */
type TermsByColumn = Map<string, ColumnTerms>;

/** What the first search of an instance looks for before it is asked in which columns; undefined once it was taken. */
const AHEAD = new WeakMap<DuckDBInstance, Ahead | undefined>();

interface Ahead {
  key: string;
  /** The one that was looked in; undefined for all. */
  column: string | undefined;
  found: Promise<TermsByColumn>;
}

/** Whether a search has begun, or has been. */
export function wasBegun({ instance }: Database): boolean {
  return AHEAD.has(instance) || wasSearched(instance);
}

/** Begins to look for the terms of pieces, in one column or all of them, on a connection that does nothing else. */
export function beginTerms(
  own: Database,
  column: string | undefined,
  ignoreCase: boolean,
  pieces: readonly TokenPattern[],
): Promise<TermsByColumn> {
  const patterns = pieces.map(patternOf);
  const found = scanTerms(own, patterns, ignoreCase, column === undefined ? undefined : [column]);
  AHEAD.set(own.instance, { key: keyOf(patterns, ignoreCase), column, found });
  return found;
}

/** Undefined where others were looked for, or the look failed: who needs them looks again. */
async function takeAhead(
  { instance }: Database,
  key: string,
  names: readonly string[],
): Promise<TermsByColumn | undefined> {
  const ahead = AHEAD.get(instance);
  if (ahead?.key !== key) return undefined;
  if (ahead.column !== undefined && names.some((name) => name !== ahead.column)) return undefined;
  AHEAD.set(instance, undefined);
  return ahead.found.catch(() => undefined);
}

function keyOf(patterns: readonly string[], ignoreCase: boolean): string {
  return JSON.stringify([ignoreCase, patterns]);
}

/** As `findTerms`, in the engine; of all columns without names. */
async function scanTerms(
  database: Database,
  patterns: readonly string[],
  ignoreCase: boolean,
  names: readonly string[] | undefined,
): Promise<TermsByColumn> {
  const tokens = ignoreCase ? "lower(tokens)" : "tokens";
  const fits = ["tokens = ''", ...patterns.map((pattern) => `contains(${tokens}, ${quoteText(pattern)})`)];
  const within = names === undefined ? "" : `list_contains(${quoteList(names)}, "column") AND `;
  // No token has a NUL.
  const sql = `SELECT first, ${tokens} || chr(0) || "column" FROM index_terms WHERE ${within}(${fits.join(" OR ")})`;
  const found: TermsByColumn = new Map();
  const sought = patterns.map((pattern) => Buffer.from(pattern));
  for await (const { rowCount, numbers, bytes, offsets } of readByteChunks(database, sql, 1)) {
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let row = 0; row < rowCount; row++) {
      const first = numbers[0]?.[row] as number;
      const [start, end] = [offsets[row] as number, offsets[row + 1] as number];
      const textEnd = all.indexOf(0, start);
      const text = all.subarray(start, textEnd);
      const name = all.toString("utf8", textEnd + 1, end);
      const own = found.get(name) ?? noTerms(patterns);
      found.set(name, own);
      if (text.length === 0) addMarks(own.marks, first);
      for (const [at, pattern] of sought.entries())
        addMatches(text, pattern, first, own.pieces[at] as number[]);
    }
  }
  return found;
}

function noTerms(patterns: readonly string[]): ColumnTerms {
  return { marks: noMarks(), pieces: patterns.map(() => []) };
}

function noMarks(): ColumnTerms["marks"] {
  return { long: [], number: [], escape: [] };
}

/** The marks of a vocabulary whose first term has this number. */
function addMarks(marks: ColumnTerms["marks"], first: number): void {
  for (const [at, mark] of MARK_NAMES.entries()) marks[mark].push(numberOf(first, at));
}

const LINE_BREAK = 10;

/** Adds the numbers of the tokens with a pattern, in a text that has each token between line breaks. */
function addMatches(text: Buffer, pattern: Buffer, first: number, into: number[]): void {
  const shift = pattern[0] === LINE_BREAK ? 1 : 0;
  let position = -1;
  let counted = 0; // line breaks before here are counted in `position`
  for (let hit = text.indexOf(pattern); hit >= 0; ) {
    for (; counted < hit + shift; counted++) if (text[counted] === LINE_BREAK) position++;
    into.push(first + position);
    const next = text.indexOf(LINE_BREAK, hit + shift);
    hit = next < 0 ? -1 : text.indexOf(pattern, next);
  }
}

function patternOf({ text, at }: TokenPattern): string {
  const before = at === "start" || at === "whole" ? "\n" : "";
  const after = at === "end" || at === "whole" ? "\n" : "";
  return before + text + after;
}
