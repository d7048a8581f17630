import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { renamedNotices, snakeCase, storedNames } from "../../src/ingest/column-names.ts";

describe("snakeCase", () => {
  for (const [given, stored] of [
    ["label", "label"],
    ["imageId", "image_id"],
    ["Image ID", "image_id"],
    ["image-bytes", "image_bytes"],
    ["HTMLText", "html_text"],
    ["글자 상자", "글자_상자"],
    ["글자", "글자"],
    ["__index_level_0__", "index_level_0"],
    ["page2Text", "page2_text"],
    ["!?", ""],
  ] as const) {
    test(`${given} -> ${stored || "nothing"}`, () => expect(snakeCase(given.normalize("NFD"))).toBe(stored));
  }

  test("is stable: a stored name stays as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        const once = snakeCase(name);
        expect(snakeCase(once)).toBe(once);
      }),
    );
  });
});

test("two columns that would get one name are refused, both named", () => {
  expect(() => storedNames(["imageId", "x", "image_id"])).toThrow(
    expect.objectContaining({
      code: "invalid_input",
      details: expect.objectContaining({ stored: "image_id" }),
    }),
  );
});

test("a nameless column is named by its place", () => {
  expect(storedNames(["a", "!"]).get("!")).toBe("column_2");
});

test("a name that is too long is refused by its place and its begin", () => {
  const long = "가".repeat(1025);
  expect(storedNames([long.slice(1)]).size).toBe(1);
  expect(() => storedNames(["a", long])).toThrow(
    `the name of column 2 ("${long.slice(0, 40)}...") has more than 1024 characters; shorten it`,
  );
});

test("a column called as the database calls a row's place gets another name", () => {
  expect(storedNames(["rowid", "label"]).get("rowid")).toBe("row_id");
  expect(() => storedNames(["rowid", "row_id"])).toThrow(expect.objectContaining({ code: "invalid_input" }));
});

test("a column called as a property of every object keeps its name", () => {
  const names = ["constructor", "prototype", "length", "then", "toString"];
  expect(Array.from(storedNames(names).values())).toEqual([...names.slice(0, 4), "to_string"]);
});

test("columns that get another name are told, the first of many; another Unicode form is no other name", () => {
  const told = (...names: string[]) =>
    renamedNotices(Array.from(storedNames(names), ([given, stored]) => ({ given, stored })));
  expect(told("label", "글자".normalize("NFD"))).toEqual([]);
  expect(told("imageId", "n", "\u{1f600}")).toEqual([
    'columns are stored in lower snake_case: "imageId" as image_id, "\u{1f600}" as column_3',
  ]);
  expect(told("A", "B", "C", "D", "E", "F", "G")[0]).toEndWith('"E" as e and 2 more');
});
