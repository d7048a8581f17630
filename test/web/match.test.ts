import { expect, test } from "bun:test";
import fc from "fast-check";
import { createMatcher, markHits } from "../../src/web/text/match.ts";

test("a text is found in every way of composing its letters", () => {
  const isHit = createMatcher(["영수증"]);
  expect(isHit?.("간이 영수증 1".normalize("NFD"))).toBe(true);
  expect(isHit?.("영수")).toBe(false);
  expect(isHit?.(null)).toBe(false);
  expect(createMatcher(["TOTAL"])?.("total")).toBe(false);
  expect(createMatcher(["TOTAL"], true)?.("total")).toBe(true);
  expect(createMatcher([""])).toBeUndefined();
  expect(createMatcher([])).toBeUndefined();
});

test("of several words each is found, and marked where it stands", () => {
  const isHit = createMatcher(["임대차", "계약서"]);
  expect(isHit?.("계약서")).toBe(true);
  expect(isHit?.("계약")).toBe(false);
  const marked = (text: string, wanted: string[], ignoreCase = false) =>
    markHits(text, wanted, ignoreCase)
      .map(({ text, isHit }) => (isHit ? `<${text}>` : text))
      .join("");
  expect(marked("부동산 임대차계약서 1", ["임대차", "계약서"])).toBe("부동산 <임대차계약서> 1");
  expect(marked("aXbxa", ["x", "B"], true)).toBe("a<Xbx>a");
  expect(marked("aaa", ["aa"])).toBe("<aaa>");
  expect(marked("각 나".normalize("NFD"), ["나"])).toBe("각 <나>");
  expect(marked("İx", ["x"], true)).toBe("<İx>");
});

test("the pieces of a marked text are the text", () => {
  const text = fc.string({ unit: fc.constantFrom("가", "나", "a", "B", " ") });
  fc.assert(
    fc.property(text, fc.array(text), fc.boolean(), (one, wanted, ignoreCase) => {
      const pieces = markHits(one, wanted, ignoreCase);
      expect(pieces.map((piece) => piece.text).join("")).toBe(one);
      expect(pieces.some(({ isHit }) => isHit)).toBe(createMatcher(wanted, ignoreCase)?.(one) ?? false);
    }),
  );
});
