import type { SampleWriterOptions, TextFile } from "./writer.ts";

/** Rows of JSON Lines, in a file for each part. */
export interface JsonLinesOutput<T> {
  add(split: string, row: T): Promise<void>;
  finish(): Promise<void>;
}

/** Rows that wait for one with all fields filled: readers take the types of columns from the first 10 MB. */
const MOST_WAITING = 100_000;
const WAITING_BYTES = 8_000_000;

/**
 * Opens the output. The first row of a file is the first that `isFull`, where there is one soon enough; whole numbers among
 * coordinates are written as `1.0`, since readers would take a column of them for integers.
 */
export function openJsonLines<T>(
  { createFile }: Pick<SampleWriterOptions, "createFile">,
  nameOf: (split: string) => string,
  { isFull, floats = ["bbox"] }: { isFull: (row: T) => boolean; floats?: readonly string[] },
): JsonLinesOutput<T> {
  const parts = new Map<string, { file: TextFile; waiting: string[] | undefined; bytes: number }>();
  const textOf = (row: T) => `${stringify(row, floats)}\n`;
  const release = async (part: { file: TextFile; waiting: string[] | undefined }) => {
    for (const text of part.waiting ?? []) await part.file.text(text);
    part.waiting = undefined;
  };
  return {
    add: async (split, row) => {
      let part = parts.get(split);
      if (part === undefined) {
        part = { file: await createFile(nameOf(split)), waiting: [], bytes: 0 };
        parts.set(split, part);
      }
      const text = textOf(row);
      if (part.waiting === undefined) return part.file.text(text);
      if (isFull(row)) {
        await part.file.text(text);
        return release(part);
      }
      part.waiting.push(text);
      part.bytes += text.length;
      if (part.waiting.length >= MOST_WAITING || part.bytes >= WAITING_BYTES) await release(part);
    },
    finish: async () => {
      for (const part of parts.values()) await release(part);
    },
  };
}

/** Stands before a number that is written with a decimal point. */
const MARK = `float ${crypto.randomUUID()} `;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");

/** JSON in which numbers below these keys have a decimal point. */
export function stringify(value: unknown, floats: readonly string[]): string {
  if (floats.length === 0) return JSON.stringify(value);
  const marked = JSON.stringify(value, (key, inner) => (floats.includes(key) ? markNumbers(inner) : inner));
  return marked.replace(MARKED, "$1");
}

function markNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(markNumbers);
  if (typeof value !== "number") return value;
  const text = String(value);
  return `${MARK}${/[.e]/.test(text) ? text : `${text}.0`}`;
}
