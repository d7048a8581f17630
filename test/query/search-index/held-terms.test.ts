import { expect, setDefaultTimeout, test } from "bun:test";
import { DuckDBClient } from "../../../src/query/duckdb/client.ts";
import type { RowQuery } from "../../../src/schema/query.ts";
import { commit, KEY, refresh, withLake } from "../../catalog/lakes.ts";

setDefaultTimeout(120_000);

const OTHER = { ...KEY, dataset: "신문" };
/** Thousands of distinct words, so that a vocabulary has many rows; in the other partition a column has them alone. */
const WORDS =
  "SELECT range AS id, 'Wort' || hash(range) || ' 말' || hash(range, 2) AS label FROM range(4000)";
const TITLES =
  "SELECT range AS id, 'Titel' || hash(range, 3) || 'İ' AS title, '말9' AS label FROM range(900)";

test("terms that are held in memory answer as the engine does at the first search", () =>
  withLake(async (bench) => {
    await commit(bench, "create", WORDS);
    await commit(bench, "create", TITLES, OTHER);
    await refresh(bench);
    const open = () =>
      new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    const held = open();
    const texts = ["Wort1", "ort12", "77", "말9", "999 말", "titel", "i", "없다", "Titel1", "5İ", "말"];
    const queries: RowQuery[] = texts.flatMap((text) => [
      { text },
      { text, ignore_case: true },
      { text, column: "title" },
      { text, datasets: [KEY.dataset], ignore_case: true },
    ]);
    const countOf = async (client: DuckDBClient, query: RowQuery) =>
      (await client.retrieveWithExistingCols({ limit: 3, ...query })).matchCount;
    let found = 0;
    for (const query of queries) {
      const first = open();
      const count = await countOf(first, query);
      first.close();
      found += Number(count > 0);
      expect([query, await countOf(held, query)]).toEqual([query, count]);
      expect([query, await countOf(held, query)]).toEqual([query, count]);
    }
    expect(found).toBeGreaterThan(queries.length / 2);
    held.close();
  }));
