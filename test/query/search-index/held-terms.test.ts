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

test("searches that begin at once on a catalog just opened find what each of them asks for", () =>
  withLake(async (bench) => {
    await commit(bench, "create", WORDS);
    await commit(bench, "create", TITLES, OTHER);
    await refresh(bench);
    const path = bench.lake.layout.catalogFile;
    for (const text of ["말9", "999 말", "Titel1"]) {
      const queries: RowQuery[] = [
        { text, column: "title" },
        { text },
        { text, column: "label" },
        { text, ignore_case: true },
        { text, datasets: [OTHER.dataset] },
        { text: `${text}없다` },
      ].map((query) => ({ ...query, limit: 2 }));
      const alone = await Promise.all(
        queries.map(async (query) => {
          const client = new DuckDBClient({ path, scratch: `${bench.folder}/s` });
          const { matchCount } = await client.retrieveWithExistingCols(query);
          client.close();
          return matchCount;
        }),
      );
      for (let first = 0; first < queries.length; first++) {
        const order = queries.map((_, at) => (first + at) % queries.length);
        const client = new DuckDBClient({ path, scratch: `${bench.folder}/s` });
        const counts = await Promise.all(
          order.map(
            async (at) => (await client.retrieveWithExistingCols(queries[at] as RowQuery)).matchCount,
          ),
        );
        expect([text, order, counts]).toEqual([text, order, order.map((at) => alone[at] ?? -1)]);
        client.close();
      }
    }
  }));

test("a search without case on a catalog without an index reads all rows, whatever was begun beside it", () =>
  withLake(async (bench) => {
    const catalog = { ...bench.settings.catalog, index: "off" as const };
    await commit(bench, "create", WORDS);
    await refresh({ ...bench, settings: { ...bench.settings, catalog } });
    const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
    const query: RowQuery = { text: "wort", ignore_case: true, limit: 5 };
    for (let time = 0; time < 3; time++) {
      expect((await client.retrieveWithExistingCols(query)).matchCount).toBe(4000);
    }
    client.close();
  }));
