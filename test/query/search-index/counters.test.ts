import { expect, test } from "bun:test";
import fc from "fast-check";
import { addMatches, type Counter, textAt } from "../../../src/query/search-index/counters.ts";
import { createCounterFinder } from "../../../src/query/search-index/find-counters.ts";
import { createRowSet, rowsWithin } from "../../../src/query/search-index/row-set.ts";
import { TEXT_MARGIN, type TextBatch } from "../../../src/query/search-index/tokenize.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function batchOf(rows: readonly (readonly [number, string])[]): TextBatch {
  const encoded = rows.map(([, text]) => Buffer.from(text));
  const bytes = new Uint8Array(Buffer.concat([...encoded, Buffer.alloc(TEXT_MARGIN)]));
  const offsets = new Int32Array(encoded.length + 1);
  for (const [at, { length }] of encoded.entries()) offsets[at + 1] = (offsets[at] as number) + length;
  return { bytes, offsets, rows: Int32Array.from(rows, ([row]) => row) };
}

/** What a finder makes of texts in batches of `size`: counters, and the rest by row. */
function find(rows: readonly (readonly [number, string])[], size: number, minRows: number) {
  const counters: Counter[] = [];
  const rest: [number, string][] = [];
  const finder = createCounterFinder(minRows, (counter) => counters.push(counter));
  const keep = (batches: readonly TextBatch[]) => {
    for (const { bytes, offsets, rows: numbers } of batches) {
      for (const [at, row] of numbers.entries())
        rest.push([row, decoder.decode(bytes.subarray(offsets[at], offsets[at + 1]))]);
    }
  };
  for (let at = 0; at < rows.length; at += size) keep(finder.take(batchOf(rows.slice(at, at + size))));
  keep(finder.finish());
  return { counters, rest };
}

const part = fc.constantFrom(
  "",
  "쪽-",
  "p",
  "1-",
  "x9",
  ".jpg",
  "_07",
  "0",
  "각.",
  "\ufeff",
  "a\\",
  "{",
  "[",
);
const counting = fc
  .record({
    before: part,
    after: part,
    number: fc.oneof(
      fc.nat(120),
      fc.integer({ min: 990, max: 1001 }),
      fc.integer({ min: 1e15 - 9, max: 1e15 - 1 }),
    ),
    width: fc.integer({ min: 1, max: 5 }),
    count: fc.integer({ min: 1, max: 40 }),
    step: fc.constantFrom(1, 1, 1, 2, -1),
  })
  .map(({ before, after, number, width, count, step }) =>
    Array.from({ length: count }, (_, at) => {
      const value = String(Math.max(0, number + at * step)).padStart(width, "0");
      return before + value + after;
    }),
  );
const texts = fc.array(fc.oneof(counting, fc.tuple(part)), { maxLength: 8 }).map((all) => all.flat());

test("counters and the rest give back every text at its row, in whatever batches they come", () => {
  fc.assert(
    fc.property(
      texts,
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 2, max: 20 }),
      fc.integer({ min: 0, max: 30 }),
      (all, size, minRows, gapAt) => {
        const rows = all.map((text, at) => [at < gapAt ? at : at + 5, text] as const);
        const { counters, rest } = find(rows, size, minRows);
        const counted = counters.flatMap((counter) =>
          Array.from({ length: counter.count }, (_, at) => [counter.row + at, textAt(counter, at)] as const),
        );
        expect([...counted, ...rest].sort(([a], [b]) => a - b)).toEqual(
          rows.map(([row, text]) => [row, text]),
        );
        expect(rest.map(([row]) => row)).toEqual(rest.map(([row]) => row).sort((a, b) => a - b));
        for (const { count } of counters) expect(count).toBeGreaterThanOrEqual(minRows);
        for (const [, text] of counted) expect(text).not.toMatch(/^[[{]|\\/);
      },
    ),
    { numRuns: 300 },
  );
});

test("names that count up are one counter, over the ends of batches and with more digits", () => {
  const names = Array.from({ length: 3000 }, (_, at) => [at + 7, `쪽-${at + 95}.jpg`] as const);
  const { counters, rest } = find(names, 256, 1024);
  expect(counters).toEqual([{ row: 7, count: 3000, before: "쪽-", after: ".jpg", number: 95, width: 2 }]);
  expect(rest).toEqual([]);
});

test("a counter finds what a look at its texts finds", () => {
  const counter = fc.record({
    row: fc.nat(50),
    count: fc.integer({ min: 1, max: 1500 }),
    before: part,
    after: part,
    number: fc.oneof(fc.nat(1200), fc.integer({ min: 99_000, max: 101_000 })),
    width: fc.integer({ min: 1, max: 7 }),
  });
  const searchedIn = (one: Counter) => {
    const some = fc
      .record({ at: fc.nat(one.count - 1), from: fc.nat(12), length: fc.integer({ min: 1, max: 9 }) })
      .map(({ at, from, length }) => textAt(one, at).slice(from, from + length));
    const other = fc.tuple(part, fc.nat(120), part).map((pieces) => pieces.join(""));
    return fc.tuple(fc.constant(one), fc.oneof(some, other));
  };
  const cases = counter
    .map((one) => ({ ...one, width: Math.max(one.width, String(one.number).length) }))
    .chain(searchedIn);
  fc.assert(
    fc.property(cases, ([one, searched]) => {
      fc.pre(searched !== "");
      const set = createRowSet(5000);
      addMatches(one, searched, set);
      const holding = Array.from({ length: one.count }, (_, at) => at).filter((at) =>
        textAt(one, at).includes(searched),
      );
      expect([...rowsWithin(set, 0, 5000)]).toEqual(holding.map((at) => one.row + at));
    }),
    { numRuns: 500 },
  );
});
