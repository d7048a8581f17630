import { expect, test } from "bun:test";
import { createMatcher } from "../../src/web/text/match.ts";

test("a text is found in every way of composing its letters", () => {
  const isHit = createMatcher("영수증");
  expect(isHit?.("간이 영수증 1".normalize("NFD"))).toBe(true);
  expect(isHit?.("영수")).toBe(false);
  expect(isHit?.(null)).toBe(false);
  expect(createMatcher("TOTAL")?.("total")).toBe(false);
  expect(createMatcher("TOTAL", true)?.("total")).toBe(true);
  expect(createMatcher("")).toBeUndefined();
});
