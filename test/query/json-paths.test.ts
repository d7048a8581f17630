import { expect, test } from "bun:test";
import fc from "fast-check";
import { countTextPaths } from "../../src/query/json-paths.ts";
import { type JsonStep, parseJsonPath, valuesAt } from "../../src/schema/json-path.ts";

test("counts the documents that hold a text at a path, lists searched element by element", () => {
  const documents = [
    `{"words":[{"text":"서울","box":[1,2]},{"text":"부산"}],"lang":"ko"}`,
    `{"words":[[{"text":"a"}]],"lang":null,"a key":{"가.나":"x"}}`,
    `["plain", ["list"]]`,
    `no JSON`,
    `42`,
  ];
  expect(countTextPaths(documents)).toEqual([
    { path: "$.words.text", rowCount: 2 },
    { path: "$.lang", rowCount: 1 },
    { path: `$["a key"]["가.나"]`, rowCount: 1 },
    { path: "$", rowCount: 1 },
  ]);
});

test("what lies deeper than any engine looks, or under no name, is not offered", () => {
  const deep = JSON.stringify(Array.from({ length: 20 }).reduce((inner) => ({ a: inner }), "x"));
  expect(countTextPaths([deep, `{"":"x"}`, `{"a":[[["x"]]]}`])).toEqual([]);
});

test("keys that are data do not grow without end", () => {
  const documents = Array.from({ length: 5000 }, (_, at) => `{"id-${at}":"x","text":"y"}`);
  const paths = countTextPaths(documents);
  expect(paths.length).toBe(2000);
  expect(paths[0]).toEqual({ path: "$.text", rowCount: 5000 });
});

test("every path that is offered can be read, and leads to a text in as many documents", () => {
  const { tree } = fc.letrec((tie) => ({
    leaf: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
    object: fc.dictionary(fc.string({ maxLength: 4 }), tie("node"), { maxKeys: 3 }),
    list: fc.array(fc.oneof(tie("leaf"), tie("object")), { maxLength: 3 }),
    node: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("object"), tie("list")),
    tree: tie("object"),
  }));
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 5 }), (trees) => {
      const documents = trees.map((one) => JSON.stringify(one));
      for (const { path, rowCount } of countTextPaths(documents)) {
        const steps = parseJsonPath(path) as JsonStep[];
        expect(steps).toBeArray();
        const holding = documents.filter((text) =>
          valuesAt(JSON.parse(text), steps).some((value) => typeof value === "string"),
        );
        expect(rowCount).toBe(holding.length);
      }
    }),
  );
});
