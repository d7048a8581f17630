import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  addList,
  addShared,
  BLOCK_TERMS,
  encodePostings,
  numberOf,
} from "../../../src/query/search-index/blocks.ts";
import { collectPostings, type PostingsSink } from "../../../src/query/search-index/postings.ts";
import {
  addRow,
  countRows,
  countWithin,
  createRowSet,
  intersect,
  rowsWithin,
  subtract,
  unite,
} from "../../../src/query/search-index/row-set.ts";
import { TEXT_MARGIN, type TextBatch } from "../../../src/query/search-index/tokenize.ts";
import { MARKS, MAX_TOKEN_BYTES, splitSearchText } from "../../../src/query/search-index/tokens.ts";
import { bytesOf } from "../../../src/query/search-index/vocabulary.ts";

const ROW_COUNT = 100_000;

/** Texts in rows `0, step, 2 * step...`, in batches of `size`. */
async function* batchesOf(texts: readonly string[], size: number, step: number): AsyncGenerator<TextBatch> {
  for (let start = 0; start < texts.length; start += size) {
    const encoded = texts.slice(start, start + size).map((text) => Buffer.from(text));
    const bytes = new Uint8Array(encoded.reduce((sum, text) => sum + text.length, 0) + TEXT_MARGIN);
    const offsets = new Int32Array(encoded.length + 1);
    for (const [at, text] of encoded.entries()) {
      bytes.set(text, offsets[at]);
      offsets[at + 1] = (offsets[at] as number) + text.length;
    }
    yield { bytes, offsets, rows: Int32Array.from(encoded, (_, at) => (start + at) * step) };
  }
}

/** The rows of every token, read back from the rows of the tables. */
async function indexOf(
  texts: readonly string[],
  limits: { maxOccurrences: number; maxTerms: number },
  step = 1,
) {
  const tokens = new Map<number, string>();
  const stored: { key: number; bytes: Uint8Array }[] = [];
  const sink: PostingsSink = {
    addTerms: (first, vocabulary) => {
      for (let term = 0; term < vocabulary.size; term++) {
        tokens.set(numberOf(first, term), new TextDecoder().decode(bytesOf(vocabulary, term)));
      }
    },
    addPostings: (first, postings) => stored.push(...encodePostings(first, postings)),
    addCounter: () => {},
  };
  await collectPostings(batchesOf(texts, 7, step), sink, 0, { ...limits, minCounterRows: Infinity });
  const found = new Map<string, number[]>();
  for (const [number, token] of tokens) {
    const set = createRowSet(ROW_COUNT);
    for (const { key, bytes } of stored) {
      if (key === -1 - number) addList(bytes, 0, bytes.length, set);
      if (key === Math.floor(number / BLOCK_TERMS)) addShared(bytes, 0, [number % BLOCK_TERMS], set);
    }
    found.set(token, [...(found.get(token) ?? []), ...rowsWithin(set, 0, ROW_COUNT)]);
  }
  expect(Math.max(...stored.map(({ bytes }) => bytes.length), 0)).toBeLessThanOrEqual(4096);
  return found;
}

function tokensOf(text: string): Set<string> {
  return new Set(text.match(/[0-9A-Za-z_\u0080-\u{10ffff}]+/gu) ?? []);
}

const piece = fc.constantFrom(
  "가",
  "나다라마바",
  "a",
  "Z_9",
  "12345",
  "é",
  "👍",
  " ",
  ",",
  "'",
  "x".repeat(40),
  "끝",
);
const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(""));

test("every token is known by exactly the rows that it stands in, however little is sorted at once", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(text, { maxLength: 60 }),
      fc.integer({ min: 1, max: 200 }),
      fc.integer({ min: 4, max: 40 }),
      async (texts, maxOccurrences, maxTerms) => {
        const index = await indexOf(texts, { maxOccurrences, maxTerms });
        const wanted = new Map<string, number[]>();
        for (const [row, one] of texts.entries()) {
          for (const token of tokensOf(one)) {
            const name = Buffer.byteLength(token) > MAX_TOKEN_BYTES ? MARKS.long : token;
            const rows = wanted.get(name) ?? [];
            if (rows.at(-1) !== row) wanted.set(name, [...rows, row]);
          }
        }
        for (const [token, rows] of wanted) expect(index.get(token), token).toEqual(rows);
        for (const [token, rows] of index) expect(rows, token).toEqual(wanted.get(token) ?? []);
      },
    ),
    { numRuns: 60 },
  ));

test("short numbers of a JSON document are no terms, those in its strings and in other texts are", async () => {
  const texts = ['{"a":"12 won","b":[34,5678,90123],"c\\"7":"\\\\8"}', "34 won", '["56"]', "[56]"];
  const index = await indexOf(texts, { maxOccurrences: 1000, maxTerms: 1000 });
  const rowsOf = (token: string) => index.get(token) ?? [];
  expect([rowsOf("12"), rowsOf("7"), rowsOf("8"), rowsOf("90123")]).toEqual([[0], [0], [0], [0]]);
  expect([rowsOf("34"), rowsOf("5678"), rowsOf("56")]).toEqual([[1], [], [2]]);
  expect(rowsOf(MARKS.number)).toEqual([0, 3]);
  expect(rowsOf(MARKS.escape)).toEqual([0]);
});

test("a term of many rows is kept in pieces", async () => {
  const texts = Array.from({ length: 30_000 }, (_, row) => (row % 3 === 0 ? "모두 셋" : "모두"));
  const index = await indexOf(texts, { maxOccurrences: 1_000_000, maxTerms: 1000 }, 3);
  expect(index.get("모두")).toEqual(texts.map((_, row) => row * 3));
  expect(index.get("셋")?.length).toBe(10_000);
});

test("rows that follow each other, near and far, come back as they were, and take few bytes", () => {
  const rowCount = 3_000_000;
  const steps = fc.array(
    fc.record({
      gap: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.nat(30_000)),
      run: fc.oneof(fc.nat(5), fc.nat(9000)),
    }),
    { minLength: 1, maxLength: 60 },
  );
  const listOf = (first: number, parts: readonly { gap: number; run: number }[]) => {
    const rows = [first];
    for (const { gap, run } of parts) {
      const from = (rows.at(-1) as number) + gap + 1;
      for (let row = from; row <= from + run; row++) if (row < rowCount) rows.push(row);
    }
    return rows;
  };
  const list = fc
    .tuple(fc.nat(rowCount - 1), fc.oneof(fc.constant([]), steps))
    .map(([first, parts]) => listOf(first, parts));
  fc.assert(
    fc.property(fc.array(list, { minLength: 1, maxLength: 80 }), (lists) => {
      const ends = lists.map((_, at) => lists.slice(0, at + 1).reduce((sum, { length }) => sum + length, 0));
      const terms = Int32Array.from(lists, (_, at) => at * 2);
      const postings = { terms, ends: Int32Array.from(ends), rows: Int32Array.from(lists.flat()) };
      const stored = [...encodePostings(0, postings)];
      for (const [at, rows] of lists.entries()) {
        const number = numberOf(0, at * 2);
        const set = createRowSet(rowCount);
        for (const { key, bytes } of stored) {
          if (key === -1 - number) addList(bytes, 0, bytes.length, set);
          if (key === Math.floor(number / BLOCK_TERMS)) addShared(bytes, 0, [number % BLOCK_TERMS], set);
        }
        expect([...rowsWithin(set, 0, rowCount)]).toEqual(rows);
      }
    }),
    { numRuns: 20 },
  );
  const every = {
    terms: Int32Array.of(9),
    ends: Int32Array.of(100_000),
    rows: Int32Array.from({ length: 100_000 }, (_, row) => row),
  };
  expect([...encodePostings(0, every)].map(({ bytes }) => bytes.length)).toEqual([5]);
});

test("a needle says how the tokens of a text with it must be", () => {
  const forms = (needle: string) => splitSearchText(needle).map(({ text: one, at }) => `${at} ${one}`);
  expect(forms("가나")).toEqual(["inside 가나"]);
  expect(forms("가 나 다")).toEqual(["end 가", "whole 나", "start 다"]);
  expect(forms('"가"')).toEqual(["whole 가"]);
  expect(forms(" 가")).toEqual(["start 가"]);
  expect(forms("%'\\\n")).toEqual([]);
});

test("row sets count, give their rows within bounds, and take others in and out", () => {
  const rowCount = 40_000; // several parts
  const rowsOf = fc.uniqueArray(fc.nat(rowCount - 1));
  const within = fc.nat(rowCount - 1);
  const setOf = (rows: readonly number[]) => {
    const set = createRowSet(rowCount);
    for (const row of rows) addRow(set, row);
    return set;
  };
  fc.assert(
    fc.property(rowsOf, rowsOf, within, within, (rows, others, start, end) => {
      const set = setOf(rows);
      expect(countRows(set)).toBe(rows.length);
      const wanted = rows.filter((row) => row >= start && row < end).sort((a, b) => a - b);
      expect([...rowsWithin(set, start, end)]).toEqual(wanted);
      expect(countWithin(set, start, Math.max(start, end))).toBe(wanted.length);
      const other = new Set(others);
      for (const [change, kept] of [
        [unite, [...new Set([...rows, ...others])]],
        [intersect, rows.filter((row) => other.has(row))],
        [subtract, rows.filter((row) => !other.has(row))],
      ] as const) {
        const changed = setOf(rows);
        change(changed, setOf(others));
        expect([...rowsWithin(changed, 0, rowCount)]).toEqual([...kept].sort((a, b) => a - b));
      }
    }),
  );
});
