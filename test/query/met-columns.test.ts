import { expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { exportRows } from "../../src/export/export.ts";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { planRows } from "../../src/query/row-plan.ts";
import { durationFeature } from "../../src/schema/class-labels.ts";
import { commit, KEY, refresh, withLake } from "../catalog/lakes.ts";

const of = (dataset: string) => ({ ...KEY, dataset });

/** What is told of a column `x` of two datasets, `a` and `b`. */
function told(a: [string, unknown?], b: [string, unknown?]): string[] {
  const partitions = [a, b].map(([type, feature], at) => ({
    ...of("ab".charAt(at)),
    rows: 2,
    bytes: 1,
    columns: [{ name: "x", type, nulls: 0 }],
    features: JSON.stringify(feature === undefined ? {} : { x: feature }),
  }));
  return planRows(partitions, [{ name: "x", type: "VARCHAR" }], {}, true).notes();
}

const labels = (...names: string[]) => ({ names, _type: "ClassLabel" });

test("a selection tells which columns are text for their types, and which numbers lost their names", () => {
  expect(told(["BIGINT"], ["BIGINT"])).toEqual([]);
  expect(told(["INTEGER"], ["BIGINT"])).toEqual([]);
  expect(told(["BIGINT"], ["DOUBLE"])).toEqual([
    "x is text here: it is BIGINT in aihub/a/raw/text, and DOUBLE in aihub/b/raw/text",
  ]);
  expect(told(["BIGINT[]"], ["VARCHAR[]"])).toEqual([
    "x is lists of text here: it is BIGINT[] in aihub/a/raw/text, and VARCHAR[] in aihub/b/raw/text",
  ]);
  expect(told(["BIGINT", labels("cat")], ["BIGINT", labels("cat")])).toEqual([]);
  expect(told(["BIGINT", labels("cat")], ["BIGINT", labels("dog")])).toEqual([
    `the numbers of x come as they are: they stand for 0 "cat" in aihub/a/raw/text, and 0 "dog" in aihub/b/raw/text`,
  ]);
  expect(told(["BIGINT", durationFeature("s")], ["BIGINT"])).toEqual([
    "the numbers of x come as they are: they stand for seconds in aihub/a/raw/text, and themselves in aihub/b/raw/text",
  ]);
});

test("a download of columns in several types says so, also in its manifest", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 9007199254740993 AS id, NULL::VARCHAR AS none", of("a"));
    await commit(bench, "create", "SELECT 1.5::DOUBLE AS id, 1 AS none", of("b"));
    await refresh(bench);
    const path = bench.lake.layout.catalogFile;
    const engine = new DuckDBClient({ path, scratch: join(bench.folder, "s") });
    const save = (name: string, datasets: string[]) =>
      exportRows(
        {
          query: { datasets },
          output: join(bench.folder, name),
          format: "parquet",
          images: "none",
          skipMissing: false,
        },
        {
          lake: bench.lake,
          engine,
          taxonomy: async () => ({ tasks: {} }),
          signal: new AbortController().signal,
        },
      );
    try {
      const notes = ["id is text here: it is BIGINT in aihub/a/raw/text, and DOUBLE in aihub/b/raw/text"];
      expect((await save("both.parquet", ["a", "b"])).notes).toEqual(notes);
      const manifest = await readFile(join(bench.folder, "both.parquet.manifest.json"), "utf8");
      expect(JSON.parse(manifest).notes).toEqual(notes);
      expect((await save("one.parquet", ["a"])).notes).toBeUndefined();
    } finally {
      engine.close();
    }
  }));
