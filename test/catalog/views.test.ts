import { expect, setDefaultTimeout, test } from "bun:test";
import { commit, KEY, query, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(240_000);

const variant = (name: string) => ({ ...KEY, dataset: "many", task: "ocr", variant: name });

test("a dataset whose partitions differ has a view of a SELECT for each table, with exact values", () =>
  withLake(async (bench) => {
    const values = ["0.1::FLOAT", "0.1::DOUBLE", "0.25::FLOAT"];
    for (const [at, value] of values.entries()) {
      await commit(
        bench,
        "create",
        `SELECT ${value} AS score, ['], ', NULL] AS tags, 'text ${at}' AS own_${at}`,
        variant(`v${at}`),
      );
    }
    // By values these come first: the others are left to the shared home.
    for (let at = 0; at < 32; at++)
      await commit(bench, "create", `SELECT range AS n${at} FROM range(100)`, { ...KEY, dataset: `d${at}` });
    await refresh(bench);
    const homes = await query(bench, "SELECT DISTINCT home FROM partitions WHERE dataset = 'many'");
    expect(homes).toEqual([{ home: 0 }]);
    const [view] = await query<{ sql: string }>(
      bench,
      "SELECT sql FROM duckdb_views() WHERE view_name = 'aihub/many'",
    );
    expect(view?.sql.match(/\bUNION\b/gi) ?? []).toEqual([]);
    const shown = `SELECT score = CAST(0.1::FLOAT AS DOUBLE) AS float, score = 0.1::DOUBLE AS double, typeof(score) AS type,
      tags, coalesce(own_0, own_1, own_2) AS own FROM`;
    const expected = [
      { float: true, double: false, type: "DOUBLE", tags: ["], ", null], own: "text 0" },
      { float: false, double: true, type: "DOUBLE", tags: ["], ", null], own: "text 1" },
      { float: false, double: false, type: "DOUBLE", tags: ["], ", null], own: "text 2" },
    ];
    expect(await query(bench, `${shown} "aihub/many" ORDER BY variant`)).toEqual(expected);
  }));

test("objects whose fields differ in case only, which no type has, meet as JSON and hide no other", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT [{'a': 1}] AS v", { ...KEY, dataset: "objects" });
    await commit(bench, "append", "SELECT [{'A': 2, 'b': 3}] AS v", { ...KEY, dataset: "objects" });
    await commit(bench, "create", "SELECT 1 AS id", { ...KEY, dataset: "other" });
    expect(await refresh(bench)).toMatchObject({ failed: [], rows: 3 });
    expect(await query(bench, 'SELECT v FROM "aihub/objects" ORDER BY v')).toEqual([
      { v: '[{"A":2,"b":3}]' },
      { v: '[{"a":1}]' },
    ]);
  }));
