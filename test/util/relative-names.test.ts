import { expect, test } from "bun:test";
import { join, relative } from "node:path";
import fc from "fast-check";
import { namesProblem } from "../../src/util/relative-names.ts";

test.each([
  ["an absolute path", ["/tmp/x", "a"]],
  ["a way up", ["../x", "a"]],
  ["a way up within", ["쪽/../../x", "a"]],
  ["the folder itself", ["", "a"]],
  ["a folder", ["a/"]],
  ["a step on the spot", ["./a"]],
  ["a backslash", ["..\\x", "a"]],
  ["a character that nobody sees", ["a\0b"]],
  ["one name twice", ["a", "a"]],
  ["one name in two ways of writing", ["글".normalize("NFC"), "글".normalize("NFD")]],
  ["a file that is a folder", ["a/b", "a"]],
])("%s is no name", (_, names) => {
  expect(namesProblem(names)).toBeString();
});

test("names in folders are, and no others leave the folder", () => {
  expect(namesProblem(["글", "쪽/1/글 50%.txt", "쪽/2/글 50%.txt", "...", "a..b"])).toBeUndefined();
  const part = fc.oneof(fc.constantFrom("..", ".", "", "a", "쪽"), fc.string());
  const name = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  fc.assert(
    fc.property(fc.array(name, { maxLength: 4 }), (names) => {
      if (namesProblem(names) !== undefined) return;
      const places = names.map((one) => relative("/out", join("/out", one)));
      expect(places).toEqual(names);
      expect(new Set(places).size).toBe(names.length);
    }),
  );
});
