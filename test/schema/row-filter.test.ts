import { expect, test } from "bun:test";
import * as v from "valibot";
import { RowFilterTextsSchema, RowOrderSchema, readFilters } from "../../src/schema/row-filter.ts";

test("filters of one name are alternatives, ranges end before their second number", () => {
  expect(
    readFilters(["lang=ko", "width=10..20", "lang=en", "width=..5", "width=7", "note=a=b", "lang=ko"]),
  ).toEqual([
    { name: "lang", values: ["ko", "en"] },
    {
      name: "width",
      ranges: [
        { from: 10, to: 20 },
        { from: undefined, to: 5 },
        { from: 7, to: 8 },
      ],
    },
    { name: "note", values: ["a=b"] },
  ]);
});

test("what is no filter is refused with what to write", () => {
  for (const [text, said] of [
    ["lang", "write name=value"],
    ["=ko", "write name=value"],
    ["width=", "write width=10..20"],
    ["width=..", "write width=10..20"],
    ["width=1..2..3", "write width=10..20"],
    ["width=-1", "write width=10..20"],
    ["label.colour=red", "unknown name"],
    ["lang=\\ud800", "no stored text"],
    ["lang=\\0", "no stored text"],
  ] as const) {
    const given = text.replace("\\ud800", "\ud800").replace("\\0", "\0");
    const { issues } = v.safeParse(RowFilterTextsSchema, [given]);
    expect(issues?.[0].message).toContain(said);
  }
  expect(v.safeParse(RowFilterTextsSchema, Array(501).fill("a=b")).success).toBe(false);
  expect(v.safeParse(RowOrderSchema, "lang").success).toBe(false);
  expect(v.parse(RowOrderSchema, "-image.pixels")).toEqual({ by: "image.pixels", isDescending: true });
});
