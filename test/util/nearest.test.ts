import { expect, test } from "bun:test";
import fc from "fast-check";
import { editDistance, nearestWord } from "../../src/util/nearest.ts";

test("nearestWord finds slips of the finger and beginnings, nothing far", () => {
  const words = ["provider", "dataset", "task", "variant", "max-rejects"];
  expect(nearestWord("provdier", words)).toBe("provider");
  expect(nearestWord("tsak", words)).toBe("task");
  expect(nearestWord("max", words)).toBe("max-rejects");
  expect(nearestWord("output", words)).toBeUndefined();
  expect(nearestWord("x", [])).toBeUndefined();
});

test("editDistance is zero for equals alone, symmetric, and at most the longer length", () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      expect(distance === 0).toBe(a === b);
      expect(editDistance(b, a)).toBe(distance);
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
    }),
  );
});
