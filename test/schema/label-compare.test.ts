import { expect, test } from "bun:test";
import { describeSamples } from "../../src/export/samples/describe-counts.ts";
import { parseValue } from "../../src/schema/check.ts";
import { CompareResultSchema } from "../../src/schema/label-compare.ts";

test("results of servers that did not count pages of several rows are read", () => {
  const pages = { pages: 3, only_a: 0, only_b: 0, equal: 3 };
  const regions = { regions_a: 1, regions_b: 1, paired: 1, differences: {}, edits: 0 };
  const earlier = { generation: 1, ...pages, ...regions, first: [] };
  expect(parseValue(CompareResultSchema, earlier)).toEqual({ ...earlier, repeated_a: 0, repeated_b: 0 });
  const counts = {
    pages: 3,
    labels: 0,
    regions: 2,
    questions: 0,
    dropped: {},
    changed: {},
    notes: [],
    splits: {},
  };
  expect(describeSamples(counts as never)).toEqual(["3 pages, 2 regions"]);
});
