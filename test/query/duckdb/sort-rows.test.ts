import { expect, setDefaultTimeout, test } from "bun:test";
import { describeCatalog, locateRows } from "../../../src/query/duckdb/described.ts";
import { matchRows } from "../../../src/query/duckdb/match-rows.ts";
import { sortRows } from "../../../src/query/duckdb/sort-rows.ts";
import { planRows } from "../../../src/query/row-plan.ts";
import type { RowQuery } from "../../../src/schema/query.ts";
import { commit, refresh, withLake } from "../../catalog/lakes.ts";
import { watched, withCatalog } from "./catalog-kit.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const ROWS = 12_000;
const LANGS = ["ko", "en", "ja"];
const widthOf = (row: number) => (row % 97 === 5 ? undefined : 100 + ((row * 7919) % 500));

/** Rows with these places, by width; those without one come last, equal ones in their order. */
function wanted(isMeant: (row: number) => boolean, sign: number): number[] {
  const rows = Array.from({ length: ROWS }, (_, row) => row).filter(isMeant);
  return rows.sort((a, b) => {
    const [x, y] = [widthOf(a), widthOf(b)];
    if (x === y) return a - b;
    if (x === undefined || y === undefined) return x === undefined ? 1 : -1;
    return (x - y) * sign;
  });
}

const CASES: [RowQuery, (row: number) => boolean, sorted: number][] = [
  [{}, () => true, ROWS],
  [{ where: ["lang=ko"] }, (row) => row % 3 === 0, ROWS / 3],
  [
    { where: ["lang=ko", "lang=en"], text: "row 1" },
    (row) => row % 3 < 2 && `row ${row}`.startsWith("row 1"),
    (ROWS * 2) / 3,
  ],
  [{ text: "mark" }, (row) => row % 1000 === 7, ROWS / 1000],
  [{ where: ["lang=ja"], text: "mark" }, (row) => row % 3 === 2 && row % 1000 === 7, ROWS / 3000],
];

test("rows of filters and texts are sorted by themselves: the engine sorts no others", () =>
  withLake(async (bench) => {
    const width = "CASE WHEN range % 97 = 5 THEN NULL ELSE (100 + (range * 7919) % 500)::INTEGER END";
    await commit(
      bench,
      "create",
      `SELECT ['${LANGS.join("','")}'][1 + range % 3] AS lang, ${width} AS width, 1::INTEGER AS height,
        'row ' || range || CASE WHEN range % 1000 = 7 THEN ' mark' ELSE '' END AS text FROM range(${ROWS})`,
    );
    await refresh(bench, { quick: true });
    await withCatalog(bench, async (database) => {
      const { known, table } = await describeCatalog(database);
      for (const [query, isMeant, sorted] of CASES) {
        const reader = watched(database, "chunks");
        const catalog = await locateRows(database);
        const search = { database: reader, catalog, labels: undefined, signal: undefined };
        const plan = planRows(known, table, query, true);
        const found = await matchRows(search, plan);
        for (const isDescending of [false, true]) {
          const numbers = await sortRows(search, plan, found, { by: "image.pixels", isDescending });
          expect([...numbers]).toEqual(wanted(isMeant, isDescending ? -1 : 1));
        }
        const [count] = await database.rows<{ n: number }>(
          `SELECT count(*) AS n FROM (${reader.asked.at(-1)})`,
        );
        expect(count?.n).toBe(sorted);
      }
    });
  }));
