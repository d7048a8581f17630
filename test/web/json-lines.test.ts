import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatJsonPath, type JsonStep } from "../../src/schema/json-path.ts";
import { layOutJson } from "../../src/web/text/json-lines.ts";

const NONE: ReadonlySet<string> = new Set();

/** All values of a document by their paths. */
function pathsOf(value: unknown, steps: readonly JsonStep[] = []): [path: string, value: unknown][] {
  const own: [string, unknown] = [formatJsonPath(steps), value];
  if (typeof value !== "object" || value === null) return [own];
  const inner = Array.isArray(value)
    ? value.flatMap((one, index) => pathsOf(one, [...steps, { index }]))
    : Object.entries(value).flatMap(([key, one]) => pathsOf(one, [...steps, { key }]));
  return [own, ...inner];
}

test("the lines are the same JSON, and the lines of a path are its value", () => {
  const documents = fc
    .jsonValue({ maxDepth: 4 })
    .filter((value) => typeof value === "object" && value !== null);
  fc.assert(
    fc.property(documents, fc.constantFrom(undefined, 1, 4), (value, space) => {
      const text = JSON.stringify(value, null, space);
      const paths = pathsOf(JSON.parse(text));
      const { lines, places } = layOutJson(text, new Set(paths.map(([path]) => path)));
      expect(JSON.parse(lines.join("\n"))).toEqual(JSON.parse(text));
      for (const [path, inner] of paths) {
        const place = places.get(path);
        if (place === undefined) {
          // Numbers of a list on one line have no line of their own.
          expect(typeof inner).toBe("number");
          continue;
        }
        const own = lines
          .slice(...place)
          .join("\n")
          .trim()
          .replace(/,$/, "");
        const bare = own.replace(/^"(?:[^"\\]|\\.)*": /, "");
        expect(JSON.parse(bare)).toEqual(inner);
      }
    }),
    { numRuns: 300 },
  );
});

test("numbers and escapes stay as they were written, a box on one line", () => {
  const text = String.raw`{"a":1.0,"b":12345678901234567890,"c":"\ud55c","bbox":[1,2.50, -3e2 ,4],"d":[],"e":{}}`;
  expect(layOutJson(text, NONE).lines).toEqual([
    "{",
    '  "a": 1.0,',
    '  "b": 12345678901234567890,',
    String.raw`  "c": "\ud55c",`,
    '  "bbox": [1, 2.50, -3e2, 4],',
    '  "d": [],',
    '  "e": {}',
    "}",
  ]);
});

test("what was cut, and what is no JSON, is shown as it stands", () => {
  expect(layOutJson('{"words":[{"text":"합', NONE).lines).toEqual([
    "{",
    '  "words": [',
    "    {",
    '      "text": ',
    '"합',
  ]);
  expect(layOutJson("10,20,30,40,글", NONE).lines.join("")).toContain("10");
  expect(layOutJson("", NONE).lines).toEqual([]);
});
