import { expect, setDefaultTimeout, test } from "bun:test";
import { rename, rm } from "node:fs/promises";
import { DuckDBClient } from "../../../src/query/duckdb/client.ts";
import type { RowQuery } from "../../../src/schema/query.ts";
import { commit, KEY, refresh, type Workbench, withLake } from "../../catalog/lakes.ts";

setDefaultTimeout(120_000);

const OTHER = { ...KEY, dataset: "신문" };
const NEEDLES = [
  "가",
  "가나",
  "나 다",
  "12",
  "345",
  "a",
  '"가',
  "없다",
  "x",
  "다12",
  "낱말",
  "말 345",
  "쪽-12",
  "9.j",
  ".JPG",
  "g 쪽",
];

/**
 * Rows of words of a few kinds; every seventh is one word too long to be a term, every fifth is JSON, every ninth JSON in
 * ASCII; texts in lists beside, and names that count up.
 */
function rowsOf(count: number, seed: number): string {
  return `SELECT r AS id, CASE WHEN r % 7 = 0 THEN repeat('가나x', 30) WHEN r % 9 = 0 THEN '{"t":"\\ub0b1\\ub9d0 ' || r || '\\uac00","n":' || r || '}' WHEN r % 5 = 0 THEN '{"t":"' || w || '","n":[' || r || ',12]}' ELSE w END AS label,
      CASE WHEN r % 4 = 0 THEN [w, '낱말', NULL] WHEN r % 40 = 1 THEN ['말', '345', '"\\ub0b1\\ub9d0"'] END AS tags,
      '쪽-' || lpad((${seed} * 100 + r)::VARCHAR, 4, '0') || '.jpg' AS name
    FROM (SELECT range AS r, ['가나 다라', '나다 12', 'a 345', '다12 가', 'x', '나 다'][1 + (hash(range, ${seed}) % 6)::INTEGER] AS w FROM range(${count}))`;
}

async function countsOf(bench: Workbench): Promise<number[]> {
  const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
  const queries: RowQuery[] = NEEDLES.flatMap((text) => [
    { text, limit: 5 },
    { text, ignore_case: true, limit: 5 },
    { text, column: "label", json_path: "$.t", limit: 5 },
    { text, column: "label", json_path: "$.n", limit: 5 },
    { text, column: "tags", limit: 5 },
    { text, column: "name", limit: 5 },
    { text, column: "name", json_path: "$", limit: 5 },
    { text, datasets: [KEY.dataset], limit: 5 },
  ]);
  const counts: number[] = [];
  for (const query of queries) counts.push((await client.retrieveWithExistingCols(query)).matchCount);
  client.close();
  return counts;
}

async function rangesOf({ lake, folder }: Workbench): Promise<{ rows: number; known: number } | undefined> {
  const { openDatabase } = await import("../../../src/query/database.ts");
  const database = await openDatabase({
    path: lake.layout.catalogFile,
    readOnly: true,
    scratch: `${folder}/s`,
  });
  try {
    const [found] = await database.rows<{ rows: number; known: number }>(
      "SELECT (SELECT count(*) FROM catalog) AS rows, (SELECT sum(row_end - row_start) FROM index_ranges)::BIGINT AS known",
    );
    return found;
  } catch {
    return undefined; // there is no index
  } finally {
    database.close();
  }
}

test("an index that followed every change answers as a catalog without one", () =>
  withLake(async (bench) => {
    const catalog = { ...bench.settings.catalog, index: "off" as const };
    const plain = { ...bench, settings: { ...bench.settings, catalog } };
    const steps: (() => Promise<unknown>)[] = [
      () => commit(bench, "create", rowsOf(3000, 1)),
      () => commit(bench, "create", rowsOf(200, 2), OTHER),
      () => commit(bench, "append", rowsOf(300, 3)),
      () => commit(bench, "replace", rowsOf(250, 4), OTHER),
      () => commit(bench, "replace", rowsOf(500, 5)), // most rows are deleted: row groups are merged
      () => commit(bench, "append", rowsOf(10, 6), OTHER),
      () => rm(bench.lake.layout.partition(OTHER), { recursive: true }),
    ];
    for (const step of steps) {
      await step();
      await refresh(bench);
      const { rows, known } = (await rangesOf(bench)) ?? {};
      expect(known).toBe(rows as number);
      const counts = await countsOf(bench);
      await refresh(plain, { full: true });
      expect(await rangesOf(bench)).toBeUndefined();
      expect(await countsOf(bench)).toEqual(counts);
      expect(counts.some((count) => count > 0)).toBe(true);
      await refresh(bench); // turned on again
    }
  }));

test("an index of a version without counters is searched as it is, and built anew by the next refresh", () =>
  withLake(async (bench) => {
    const { openDatabase } = await import("../../../src/query/database.ts");
    const rows = (count: number, seed: number) =>
      `SELECT * REPLACE ('쪽-12.jpg' AS name) FROM (${rowsOf(count, seed)})`;
    await commit(bench, "create", rows(3000, 1));
    await refresh(bench);
    const counts = await countsOf(bench);
    await rename(bench.lake.layout.catalogFile, `${bench.folder}/older`);
    const path = `${bench.folder}/older`;
    const database = await openDatabase({ path, scratch: `${bench.folder}/s` });
    expect(await database.rows("FROM index_counters")).toEqual([]);
    await database.run("DROP TABLE index_counters");
    database.close();
    await rename(path, bench.lake.layout.catalogFile);
    expect(await countsOf(bench)).toEqual(counts);
    await commit(bench, "append", rows(300, 3));
    await refresh(bench);
    const { rows: all, known } = (await rangesOf(bench)) ?? {};
    expect([all, known]).toEqual([3300, 3300]);
    expect((await countsOf(bench)).some((count) => count > 0)).toBe(true);
  }));

test("a full build indexes what it loads as refreshes do", () =>
  withLake(async (bench) => {
    const composed = "nfc_normalize(label)";
    const wide = Array.from({ length: 80 }, (_, at) => `id + ${at} AS n${at}`).join(", ");
    const steps: [mode: "create" | "append", rows: string, key?: typeof KEY][] = [
      ["create", rowsOf(3000, 1)],
      [
        "create",
        `SELECT * REPLACE (replace(label, '가', '\u1100\u1161') AS label) FROM (${rowsOf(2000, 2)})`,
        OTHER,
      ],
      ["append", `SELECT id, ${composed} AS label, 'scan 12' AS note FROM (${rowsOf(300, 3)})`],
      ["append", rowsOf(1500, 4), OTHER],
      ["create", `SELECT *, ${wide} FROM (${rowsOf(200, 5)})`, { ...KEY, dataset: "넓다" }],
      ["create", "SELECT range AS id, NULL::VARCHAR AS label FROM range(20)", { ...KEY, dataset: "없다" }],
    ];
    for (const [mode, rows, key] of steps) {
      await commit(bench, mode, rows, key);
      await refresh(bench);
    }
    const counts = await countsOf(bench);
    await refresh(bench, { full: true });
    const { rows, known } = (await rangesOf(bench)) ?? {};
    expect(known).toBe(rows as number);
    expect(await countsOf(bench)).toEqual(counts);
    await refresh(
      { ...bench, settings: { ...bench.settings, catalog: { ...bench.settings.catalog, index: "off" } } },
      { full: true },
    );
    expect(await countsOf(bench)).toEqual(counts);
  }));

test("partitions that the index does not know whole are read", () =>
  withLake(async (bench) => {
    await commit(bench, "create", rowsOf(3000, 1));
    await commit(bench, "create", rowsOf(200, 2), OTHER);
    await refresh(bench);
    const counts = await countsOf(bench);
    const { openDatabase } = await import("../../../src/query/database.ts");
    const database = await openDatabase({
      path: bench.lake.layout.catalogFile,
      scratch: `${bench.folder}/s`,
    });
    await database.run("DELETE FROM index_ranges WHERE row_start = 0");
    await database.run("CHECKPOINT");
    database.close();
    expect(await countsOf(bench)).toEqual(counts);
  }));
