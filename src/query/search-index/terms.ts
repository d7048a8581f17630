import type { Database } from "../database.ts";
import type { ColumnCondition } from "../row-plan.ts";
import { quoteList, quoteText } from "../sql.ts";
import { numberOf } from "./blocks.ts";
import { readByteChunks } from "./byte-chunks.ts";
import { type HeldTerms, holdTerms } from "./held-terms.ts";
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
  if (held === undefined) return scanTerms(database, names, ignoreCase, patterns);
  const sought = patterns.map((pattern) => Buffer.from(pattern));
  return held.map((terms) => {
    const marks = noMarks();
    for (const first of terms.vocabularies) addMarks(marks, first);
    return { marks, pieces: sought.map((pattern) => matchesIn(terms, pattern)) };
  });
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

/** As `findTerms`, in the engine. */
async function scanTerms(
  database: Database,
  columns: readonly string[],
  ignoreCase: boolean,
  patterns: readonly string[],
): Promise<ColumnTerms[]> {
  const tokens = ignoreCase ? "lower(tokens)" : "tokens";
  const fits = patterns.map((pattern) => `contains(${tokens}, ${quoteText(pattern)})`);
  const names = quoteList(columns);
  const sql = `SELECT first, list_position(${names}, "column") - 1, ${tokens} FROM index_terms
    WHERE list_contains(${names}, "column") AND (${["tokens = ''", ...fits].join(" OR ")})`;
  const found = columns.map((): ColumnTerms => ({ marks: noMarks(), pieces: patterns.map(() => []) }));
  const sought = patterns.map((pattern) => Buffer.from(pattern));
  for await (const { rowCount, numbers, bytes, offsets } of readByteChunks(database, sql, 2)) {
    const [firsts, owners] = numbers as [Int32Array, Int32Array];
    for (let row = 0; row < rowCount; row++) {
      const first = firsts[row] as number;
      const own = found[owners[row] as number] as ColumnTerms;
      const text = Buffer.from(
        bytes.buffer,
        bytes.byteOffset + (offsets[row] as number),
        lengthAt(offsets, row),
      );
      if (text.length === 0) addMarks(own.marks, first);
      for (const [at, pattern] of sought.entries())
        addMatches(text, pattern, first, own.pieces[at] as number[]);
    }
  }
  return found;
}

function noMarks(): ColumnTerms["marks"] {
  return { long: [], number: [], escape: [] };
}

/** The marks of a vocabulary whose first term has this number. */
function addMarks(marks: ColumnTerms["marks"], first: number): void {
  for (const [at, mark] of MARK_NAMES.entries()) marks[mark].push(numberOf(first, at));
}

function lengthAt(offsets: Int32Array, row: number): number {
  return (offsets[row + 1] as number) - (offsets[row] as number);
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
