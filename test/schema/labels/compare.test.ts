import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type ComparedRegion, compareRegions, editDistance } from "../../../src/schema/labels/compare.ts";
import { cornersOf } from "../../../src/schema/labels/region.ts";

const region = (
  x: number,
  y: number,
  text: string | null,
  category = "word",
  width = 40,
  height = 20,
): ComparedRegion => ({
  polygon: cornersOf({ x1: x, y1: y, x2: x + width, y2: y + height }),
  text,
  category,
});

const kinds = (a: ComparedRegion[], b: ComparedRegion[]) =>
  compareRegions(a, b).differences.map(({ kind, a, b, edits }) => [kind, a, b, edits]);

describe("two label sets of one page", () => {
  const set = [region(0, 0, "갑"), region(60, 0, "을"), region(0, 40, "병")];

  test("that say the same have no differences", () => {
    expect(kinds(set, set)).toEqual([]);
    expect(compareRegions(set, set).pairs).toHaveLength(3);
    // Composed in another way it is the same text.
    expect(kinds([region(0, 0, "각")], [region(0, 0, "각".normalize("NFD"))])).toEqual([]);
  });

  test("differ in regions that only one has", () => {
    expect(kinds(set, set.slice(1))).toEqual([["missing", 0, null, null]]);
    expect(kinds(set.slice(1), set)).toEqual([["extra", null, 0, null]]);
  });

  test("differ in text, category, place and order", () => {
    expect(kinds(set, [region(0, 0, "갑을"), ...set.slice(1)])).toEqual([["text", 0, 0, 1]]);
    expect(kinds(set, [region(0, 0, "갑", "title"), ...set.slice(1)])).toEqual([["category", 0, 0, null]]);
    expect(kinds(set, [region(8, 0, "갑"), ...set.slice(1)])).toEqual([["moved", 0, 0, null]]);
    expect(kinds(set, [set[1], set[0], set[2]] as ComparedRegion[]).map(([kind]) => kind)).toEqual(["order"]);
    expect(kinds([region(0, 0, null)], [region(0, 0, "갑")])).toEqual([["text", 0, 0, 1]]);
  });

  test("that overlap in several ways are paired by the best overlap", () => {
    const a = [region(0, 0, "a"), region(10, 0, "b")];
    const { pairs } = compareRegions(a, [region(11, 0, "b"), region(1, 0, "a")]);
    expect(pairs.map(({ a, b }) => [a, b])).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  const regions = fc.array(
    fc
      .tuple(
        fc.nat(300),
        fc.nat(300),
        fc.string({ maxLength: 4 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
      )
      .map(([x, y, text, width, height]) => region(x, y, text, "word", width, height)),
    { maxLength: 40 },
  );

  test("are the same as themselves, whatever lies over each other: equal labels need not be compared", () => {
    fc.assert(
      fc.property(regions, (set) => {
        const { pairs, differences } = compareRegions(set, structuredClone(set));
        expect([pairs.length, differences]).toEqual([set.length, []]);
      }),
    );
  });

  test("count each region once, whichever set comes first", () => {
    fc.assert(
      fc.property(regions, regions, (a, b) => {
        const { pairs, differences } = compareRegions(a, b);
        const count = (kind: string) => differences.filter((one) => one.kind === kind).length;
        expect(pairs.length + count("missing")).toBe(a.length);
        expect(pairs.length + count("extra")).toBe(b.length);
        expect(new Set(pairs.map((pair) => pair.a)).size).toBe(pairs.length);
        expect(new Set(pairs.map((pair) => pair.b)).size).toBe(pairs.length);
        for (const { iou } of pairs) expect(iou).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });
});

test("the edit distance is a distance", () => {
  const text = fc.string({ unit: fc.constantFrom("가", "나", "a", " "), maxLength: 8 });
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      expect(editDistance(a, b)).toBe(editDistance(b, a));
      expect(editDistance(a, a)).toBe(0);
      expect(editDistance(a, b) === 0).toBe(a === b);
      expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
    }),
  );
  expect(editDistance("kitten", "sitting")).toBe(3);
});
