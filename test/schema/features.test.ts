import { expect, test } from "bun:test";
import { describeFeatures, legacyFeature, mergeFeatures } from "../../src/schema/features.ts";

const value = (dtype: string) => ({ dtype, _type: "Value" });

test("a feature is kept where it fits the stored type, in the legacy dialect", () => {
  const features = describeFeatures(
    [
      { name: "label", type: "BIGINT" },
      { name: "words", type: "VARCHAR[]" },
      { name: "boxes", type: "STRUCT(x INTEGER, y INTEGER)[]" },
      { name: "columns", type: "STRUCT(x INTEGER[])" },
      { name: "json", type: "VARCHAR" },
      { name: "changed", type: "VARCHAR" },
    ],
    {
      label: { names: ["a", "b"], _type: "ClassLabel" },
      words: { feature: { dtype: "large_string", _type: "Value" }, _type: "List" },
      boxes: { feature: { x: value("int32"), y: value("int32") }, _type: "List" },
      columns: { feature: { x: value("int32") }, _type: "Sequence" },
      json: { _type: "Json" },
      changed: value("int64"),
      dropped: value("int64"),
    },
  );
  expect(features).toEqual({
    label: { names: ["a", "b"], _type: "ClassLabel" },
    words: { feature: value("string"), _type: "Sequence" },
    boxes: [{ x: value("int32"), y: value("int32") }],
    columns: { feature: { x: value("int32") }, _type: "Sequence" },
    json: value("string"),
    changed: value("string"),
  });
});

test("every stored type has a feature of its own", () => {
  const types = ["DECIMAL(18,3)", "TIMESTAMP", "BLOB", "DOUBLE[][]", "STRUCT(a DATE)"];
  const columns = types.map((type, at) => ({ name: `c${at}`, type }));
  expect(Object.values(describeFeatures(columns))).toEqual([
    value("decimal128(18, 3)"),
    value("timestamp[us]"),
    value("binary"),
    { feature: { feature: value("float64"), _type: "Sequence" }, _type: "Sequence" },
    { a: value("date32") },
  ]);
});

test("what plain storage cannot hold has no legacy feature", () => {
  for (const feature of [{ _type: "Image" }, { _type: "Unheard" }, [], null, { a: { _type: "Audio" } }]) {
    expect(legacyFeature(feature)).toBeUndefined();
  }
});

test("files together: the first feature that fits the common type", () => {
  const labels = { names: ["x"], _type: "ClassLabel" };
  const columns = [
    { name: "label", type: "BIGINT" },
    { name: "n", type: "DOUBLE" },
  ];
  const merged = mergeFeatures(columns, [{ n: value("int32") }, { label: labels, n: value("float64") }]);
  expect(merged).toEqual({ label: labels, n: value("float64") });
});

test("files together: names of labels hold for all values, or for none", () => {
  const column = { name: "label", type: "BIGINT" };
  const merged = (...names: string[][]) =>
    mergeFeatures(
      [column],
      names.map((one) => ({ label: { names: one, _type: "ClassLabel" } })),
    ).label;
  expect(merged(["a", "b"], ["a", "b", "c"], ["a"])).toEqual({ names: ["a", "b", "c"], _type: "ClassLabel" });
  expect(merged(["a", "b"], ["b", "a"])).toEqual(value("int64"));
  expect(merged(["a"], ["b", "a"], ["a"])).toEqual(value("int64"));
  const list = (...names: string[]) => ({
    words: { feature: { names, _type: "ClassLabel" }, _type: "Sequence" },
  });
  const words = [{ name: "words", type: "BIGINT[]" }];
  expect(mergeFeatures(words, [list("a"), list("a", "b")])).toEqual(list("a", "b"));
  expect(mergeFeatures(words, [list("a"), list("b")]).words).toEqual({
    feature: value("int64"),
    _type: "Sequence",
  });
});
