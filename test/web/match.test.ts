import { expect, test } from "bun:test";
import { createMatcher, findInJson } from "../../src/web/text/match.ts";

test("a text is found in every way of composing its letters", () => {
  const isHit = createMatcher("영수증");
  expect(isHit?.("간이 영수증 1".normalize("NFD"))).toBe(true);
  expect(isHit?.("영수")).toBe(false);
  expect(isHit?.(null)).toBe(false);
  expect(createMatcher("TOTAL")?.("total")).toBe(false);
  expect(createMatcher("TOTAL", true)?.("total")).toBe(true);
  expect(createMatcher("")).toBeUndefined();
});

test("the place of a region in its JSON is that of its own string", () => {
  const json = JSON.stringify([{ text: 'a "b"' }, { text: "합계" }, { text: "합계" }]);
  const at = (text: string, occurrence: number) => {
    const place = findInJson(json, text, occurrence);
    return place && [json.slice(...place), place[0]];
  };
  expect(at('a "b"', 0)?.[0]).toBe('a \\"b\\"');
  expect(at("합계", 1)?.[1]).toBe(json.lastIndexOf("합계"));
  expect(at("없음", 0)).toBeUndefined();
});
