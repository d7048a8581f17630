import { expect, setDefaultTimeout, test } from "bun:test";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { commit, KEY, query, refresh, withLake } from "./lakes.ts";

setDefaultTimeout(120_000);

const of = (dataset: string) => ({ ...KEY, dataset });
const FRACTION = "0.12345678901234567890123456789012345678";

/** The values of `x` in the order of datasets, as the view and as a download give them. */
async function shown(bench: Parameters<typeof query>[0]) {
  const view = await query(bench, "SELECT x FROM catalog ORDER BY dataset");
  const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
  try {
    const { batches } = await client.retrieveWithExistingCols({});
    const rows = (await Array.fromAsync(batches)).flatMap((batch) => [...batch]);
    return { view: view.map(({ x }) => x), answer: rows.map(({ x }) => x) };
  } finally {
    client.close();
  }
}

// A decimal of 38 digits behind the point has no room for a zero in front of it, and JSON has no NaN.
test("lists of numbers that JSON does not have are kept beside text, and keep nobody's rows out", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 'plain' AS x", of("a"));
    await commit(
      bench,
      "create",
      `SELECT ['${FRACTION}', NULL, '-${FRACTION}']::DECIMAL(38,38)[] AS x`,
      of("b"),
    );
    await commit(
      bench,
      "create",
      "SELECT ['nan', '0.1', 'inf', NULL, '-inf', '-0.0', '5e-324']::DOUBLE[] AS x",
      of("c"),
    );
    await commit(bench, "create", "SELECT [['nan', '0.1'], [], NULL]::FLOAT[][] AS x", of("d"));
    await refresh(bench);
    const texts = [
      "plain",
      `["${FRACTION}",null,"-${FRACTION}"]`,
      '["NaN",0.1,"Infinity",null,"-Infinity",-0.0,5e-324]',
      '[["NaN",0.1],[],null]',
    ];
    expect(await shown(bench)).toEqual({ view: texts, answer: texts });
    const own = await query<{ x: string }>(bench, `SELECT CAST(x AS VARCHAR) AS x FROM "aihub/b"`);
    expect(own.map(({ x }) => x)).toEqual([`[.${FRACTION.slice(2)}, NULL, -.${FRACTION.slice(2)}]`]);
  }));

test("a list of decimals beside a list of text has those zeros, too", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT ['plain'] AS x, [['0.5']] AS y", of("a"));
    await commit(
      bench,
      "create",
      "SELECT [0.5, NULL, -0.25]::DECIMAL(20,20)[] AS x, [[0.5], []]::DECIMAL(1,1)[][] AS y",
      of("b"),
    );
    await refresh(bench);
    const both = await query(bench, "SELECT x, y FROM catalog ORDER BY dataset");
    const zeros = "0".repeat(18);
    expect(both).toEqual([
      { x: ["plain"], y: '[["0.5"]]' },
      { x: [`0.50${zeros}`, null, `-0.25${zeros}`], y: "[[0.5],[]]" },
    ]);
  }));

// What the engine writes of DECIMAL(1,1) begins with the point.
test("a decimal beside text has the zero in front of its point", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 'plain' AS x, '0.5' AS y", of("a"));
    await commit(bench, "create", "SELECT 0.5::DECIMAL(1,1) AS x, NULL AS y", of("b"));
    await commit(bench, "create", `SELECT '-${FRACTION}'::DECIMAL(38,38) AS x, NULL AS y`, of("c"));
    await commit(bench, "create", "SELECT -0.5::DECIMAL(3,1) AS x, NULL AS y", of("d"));
    await refresh(bench);
    const texts = ["plain", "0.5", `-${FRACTION}`, "-0.5"];
    expect(await shown(bench)).toEqual({ view: texts, answer: texts });
  }));
