import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import type { RowQuery } from "../../src/schema/query.ts";
import { commit, KEY, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(240_000); // a machine that is busy elsewhere

const of = (dataset: string) => ({ ...KEY, dataset });

/** More schemas than have tables of their own: those of few rows are in the shared home. */
const MANY = 40;

/** A value or more of every type that a stored column may have, with what is hard to write as text. */
const ODD = `SELECT * REPLACE (g::FLOAT AS g) FROM (VALUES
  (1::BIGINT, 'nan'::DOUBLE, '-inf'::FLOAT, 1234567890123456789012345678.0123456789::DECIMAL(38,10), 18446744073709551615::UBIGINT,
   (-128)::TINYINT, true, '\\x00\\xFF\\x5C\\x27'::BLOB, DATE '0044-03-15 (BC)', TIMESTAMP '2020-01-01 00:00:00.000001', E'a''"\\\\,[]{}\\n가',
   ['NULL', NULL, '', ' x ', 'a, b', E'\\\\', '''', '"'], {'a b': 'x''y', 'c': [0.1, 'inf'::DOUBLE, NULL], 'd': '\\x00'::BLOB}, [[{'t': TIMESTAMP '1969-12-31 23:59:59.999999'}], [], NULL],
   [{'w': ['], }', NULL, ''], 'b': '\\x7D\\x00'::BLOB, 'k ]': {'n': -0.0::DOUBLE}}, NULL, {'w': NULL, 'b': NULL, 'k ]': NULL}]),
  (2, -0.0, 1e-45, -0.0000000001, 0, 127, false, ''::BLOB, DATE '9999-12-31', TIMESTAMP '0001-01-01', '', [], {'a b': NULL, 'c': [], 'd': NULL}, [], []),
  (9007199254740993, 5e-324, 16777217, NULL, 1, NULL, NULL, 'x'::BLOB, NULL, NULL, 'NULL', NULL, NULL, NULL, NULL)
) AS t(i, f, g, dec, u, small, flag, raw, day, moment, words, list, box, nested, lines)`;

async function fill(bench: Workbench): Promise<void> {
  // By values the first: the odd ones, which have fewest, are left to the shared home.
  for (let at = 0; at < MANY; at++) {
    await commit(
      bench,
      "create",
      `SELECT range AS n${at}, 'wort ' || range AS w${at} FROM range(100)`,
      of(`d${at}`),
    );
  }
  await commit(bench, "create", ODD, of("odd"));
}

async function read(bench: Workbench, request: RowQuery) {
  const client = new DuckDBClient({ path: bench.lake.layout.catalogFile, scratch: `${bench.folder}/s` });
  try {
    const result = await client.retrieveWithExistingCols(request);
    const rows = (await Array.fromAsync(result.batches)).flatMap((batch) => [...batch]);
    return { ...result, rows };
  } finally {
    client.close();
  }
}

test("rows in the shared home are exact, found, appended to, and shown", () =>
  withLake(async (bench) => {
    await fill(bench);
    await refresh(bench);
    const homes = await query<{ dataset: string; home: number }>(
      bench,
      "SELECT dataset, home FROM partitions",
    );
    expect(homes.find(({ dataset }) => dataset === "odd")?.home).toBe(0);
    expect(new Set(homes.map(({ home }) => home)).size).toBe(33);

    const check = async (appended: number) => {
      const file = `read_parquet('${bench.lake.layout.partition(of("odd"))}/*.parquet', union_by_name = true, hive_partitioning = false)`;
      const columns = await query<{ column_name: string; column_type: string }>(
        bench,
        `DESCRIBE FROM ${file}`,
      );
      const shown = await query<{ column_name: string; column_type: string }>(
        bench,
        `DESCRIBE FROM "aihub/odd"`,
      );
      const sorted = (list: typeof columns) =>
        list.map(({ column_name, column_type }) => `${column_name} ${column_type}`).sort();
      expect(sorted(shown.slice(4))).toEqual(sorted(columns));
      // As they are, and as text: to compare, NaN is equal to NaN and -0 to 0.
      const names = columns.map(({ column_name }) => column_name).join(", ");
      const rows = (from: string) => `(SELECT ${names}, CAST(f AS VARCHAR) FROM ${from})`;
      const differ = (a: string, b: string) => `SELECT * FROM (${rows(a)} EXCEPT ALL ${rows(b)})`;
      expect(await query(bench, differ(file, '"aihub/odd"'))).toEqual([]);
      expect(await query(bench, differ('"aihub/odd"', file))).toEqual([]);
      const result = await read(bench, { datasets: ["odd"] });
      expect(
        result.columns
          .slice(4)
          .map(({ name, type }) => `${name} ${type}`)
          .sort(),
      ).toEqual(sorted(columns));
      expect(result.rows.map((row) => row.i)).toEqual([
        1n,
        2n,
        9007199254740993n,
        ...Array(appended).fill(7n),
      ]);
      expect((await read(bench, { text: "가", limit: 5 })).rows.map((row) => row.dataset)).toEqual(["odd"]);
      expect((await read(bench, { text: "wort 99" })).matchCount).toBe(MANY);
      const [counted] = await query<{ n: number; w: number }>(
        bench,
        "SELECT count(*) AS n, count(w0) AS w FROM catalog",
      );
      expect(counted).toEqual({ n: 100 * MANY + 3 + appended, w: 100 });
    };
    await check(0);
    await commit(bench, "append", "SELECT 7::BIGINT AS i, 'sieben' AS words", of("odd"));
    await refresh(bench);
    await check(1);
    const [lake] = await query<{ columns_left_out: string[] }>(bench, "SELECT columns_left_out FROM lake");
    const all = await query<{ column_name: string }>(bench, "DESCRIBE FROM catalog");
    expect(all.length - 4).toBe(40);
    expect(lake?.columns_left_out.length).toBe(2 * MANY + 15 - 40);
    await refresh(bench, { full: true });
    await check(1);
  }));

test("no dataset changes the types or values of another", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 9007199254740993 AS id, ['가', 'b'] AS words", of("a"));
    await commit(bench, "create", "SELECT 1.5::DOUBLE AS id, 'text' AS words", of("b"));
    await refresh(bench);
    const a = await read(bench, { datasets: ["a"] });
    expect(a.columns.slice(4)).toEqual([
      { name: "id", type: "BIGINT" },
      { name: "words", type: "VARCHAR[]" },
    ]);
    expect(a.rows[0]?.id).toBe(9007199254740993n);
    expect((await read(bench, { datasets: ["b"] })).rows[0]?.id).toBe(1.5);
    // Both together meet in what holds every value.
    const both = await read(bench, {});
    expect(both.columns[4]).toEqual({ name: "id", type: "VARCHAR" });
    expect(both.rows.map((row) => row.id)).toEqual(["9007199254740993", "1.5"]);
    expect(await query(bench, "SELECT id FROM catalog ORDER BY dataset")).toEqual([
      { id: "9007199254740993" },
      { id: "1.5" },
    ]);
    expect(await query(bench, 'SELECT typeof(id) AS t FROM "aihub/a"')).toEqual([{ t: "BIGINT" }]);
  }));

test("lists of texts and lists of numbers meet as lists of texts, in a table and in the shared home", () =>
  withLake(async (bench) => {
    await commit(bench, "create", `SELECT ['a', 'it''s [b]', NULL] AS tags`, of("a"));
    await commit(bench, "create", "SELECT [1::BIGINT, 22] AS tags", of("b"));
    await commit(bench, "create", "SELECT [1.5::DOUBLE] AS tags", of("c"));
    await refresh(bench);
    const listOf = ({ tags }: Record<string, unknown>) => [...(tags as Iterable<string | null>)];
    const lists = [["a", "it's [b]", null], ["1", "22"], ["1.5"]];
    const { columns, rows } = await read(bench, {});
    expect(columns[4]).toEqual({ name: "tags", type: "VARCHAR[]" });
    expect(rows.map(listOf)).toEqual(lists);
    expect((await read(bench, { column: "tags", text: "2" })).rows.map(listOf)).toEqual([["1", "22"]]);
    const shown = await query(bench, "SELECT to_json(tags)::VARCHAR AS tags FROM catalog ORDER BY dataset");
    expect(shown).toEqual(lists.map((tags) => ({ tags: JSON.stringify(tags) })));
    expect((await read(bench, { datasets: ["b"] })).columns[4]?.type).toBe("BIGINT[]");
  }));

test("lists and objects beside text are JSON, in a table and in the shared home", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 'plain [a]' AS tags", of("a"));
    await commit(bench, "create", "SELECT ['a, b', 'it''s [b]', NULL] AS tags", of("b"));
    await commit(bench, "create", "SELECT [[1::BIGINT, 22], [], NULL] AS tags", of("c"));
    await commit(bench, "create", "SELECT [{x: 1.5::DECIMAL(4,1), y: 'a, \"b\"'}] AS tags", of("d"));
    await commit(bench, "create", "SELECT ['c'] AS tags FROM range(200)", of("e"));
    await refresh(bench);
    const texts = [
      "plain [a]",
      '["a, b","it\'s [b]",null]',
      "[[1,22],[],null]",
      '[{"x":1.5,"y":"a, \\"b\\""}]',
      '["c"]',
    ];
    const { columns, rows } = await read(bench, {});
    expect(columns[4]).toEqual({ name: "tags", type: "VARCHAR" });
    expect(rows.slice(0, 5).map(({ tags }) => tags)).toEqual(texts);
    const shown = await query(bench, "SELECT DISTINCT tags FROM catalog ORDER BY dataset");
    expect(new Set(shown.map(({ tags }) => tags))).toEqual(new Set(texts));
    const found = (await read(bench, { column: "tags", text: "a, b" })).rows;
    expect(found.map(({ tags }) => tags)).toEqual([texts[1]]);
    expect((await read(bench, { datasets: ["b"] })).columns[4]?.type).toBe("VARCHAR[]");
  }));

test("rows never get the numbers of others that are gone, whose texts the search index still knows", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 'bleibt' AS words FROM range(200)", of("a"));
    await commit(bench, "create", "SELECT 'fort' AS words FROM range(5)", of("b"));
    await refresh(bench);
    await rm(bench.lake.layout.partition(of("b")), { recursive: true });
    await refresh(bench);
    await commit(bench, "create", "SELECT 'neu' AS words FROM range(5)", of("c"));
    await refresh(bench);
    const count = async (text: string) => (await read(bench, { text })).matchCount;
    expect(await Promise.all(["bleibt", "fort", "neu"].map(count))).toEqual([200, 0, 5]);
  }));

test("thousands of rows that are found come in the order of their partitions", () =>
  withLake(async (bench) => {
    const rows = "SELECT range AS id, 'wort ' || range AS words FROM range(3000)";
    await commit(bench, "create", rows, of("b"));
    await refresh(bench);
    await commit(bench, "create", rows, of("a"));
    await refresh(bench);
    const found = (await read(bench, { text: "wort", limit: 5000 })).rows;
    const ids = (dataset: string) =>
      found.filter((row) => row.dataset === dataset).map(({ id }) => Number(id));
    expect(ids("a")).toEqual(Array.from({ length: 3000 }, (_, at) => at));
    expect(ids("b")).toEqual(Array.from({ length: 2000 }, (_, at) => at));
    expect(found[2999]?.dataset).toBe("a");
  }));

test("a refresh writes nothing of partitions that stay as they were", () =>
  withLake(async (bench) => {
    await commit(bench, "create", "SELECT 'eins' AS one", of("a"));
    const written = () =>
      query(
        bench,
        `SELECT (SELECT rowid FROM partitions WHERE dataset = 'a') AS listed,
           (SELECT count(*) FROM index_terms WHERE "column" = 'one') AS terms`,
      );
    await Bun.sleep(2100); // until the folder's mtime tells of every later change
    await refresh(bench);
    const before = await written();
    await commit(bench, "create", "SELECT 'zwei' AS two", of("b"));
    await refresh(bench);
    expect(await written()).toEqual(before);
  }));

test("digests are bytes and paths are not stored, and both are read as they were", () =>
  withLake(async (bench) => {
    const hash = new Bun.CryptoHasher("sha256").update("a").digest("hex");
    const path = bench.lake.layout.assetPath(of("a"), hash, "jpg");
    const rows = [
      [`'${hash}'`, `'${path}'`, "'jpeg'"],
      [`'${hash.toUpperCase()}'`, `'${path}'`, "'png'"],
      [`'${hash}'`, "NULL", "'jpeg'"],
      ["'no digest'", "''", "NULL"],
      ["''", "'='", "'x'"],
      [`'${"z".repeat(31)}'`, "'=='", "'jpeg'"],
      [`'${"z".repeat(64)}'`, "'x'", "'jpeg'"],
      [`'${hash.slice(0, 61)}가'`, "NULL", "NULL"],
      ["NULL", "NULL", "NULL"],
    ];
    const sources = ["hash", "upper(hash)", "NULL", "''", "hash || 'x'"];
    const values = rows.map((row, at) => `(${[at, ...row].join(", ")})`).join(", ");
    const source = `CASE i % ${sources.length} ${sources.map((sql, at) => `WHEN ${at} THEN ${sql}`).join(" ")} END`;
    const select = `SELECT *, ${source} AS source_hash FROM (VALUES ${values}) AS t(i, hash, path, format)`;
    await commit(bench, "create", select, of("a"));
    await refresh(bench);
    const expected = await query(bench, `SELECT hash, source_hash, path FROM (${select}) ORDER BY i`);
    expect(await query(bench, "SELECT hash, source_hash, path FROM catalog ORDER BY i")).toEqual(expected);
    const found = (await read(bench, {})).rows;
    expect(found.map(({ hash, source_hash, path }) => ({ hash, source_hash, path }))).toEqual(
      expected as never,
    );
    expect(
      await query(
        bench,
        "SELECT octet_length(hash) AS n, octet_length(source_hash) AS s, path FROM rows_1 WHERE i = 0",
      ),
    ).toEqual([{ n: 32, s: 0, path: null }]);
  }));

test("digests of pixels are bytes, and read as they were", () =>
  withLake(async (bench) => {
    const digest = new Bun.CryptoHasher("sha256").update("a").digest("hex").slice(0, 32);
    const values = [digest, digest.toUpperCase(), "z".repeat(32), `${digest.slice(0, 29)}가`, ""];
    const rows = values.map((value, at) => `(${at}, '${value}')`).join(", ");
    await commit(bench, "create", `SELECT * FROM (VALUES ${rows}, (5, NULL)) AS t(i, pixel_hash)`, of("a"));
    await refresh(bench);
    const held = await query<{ pixel_hash: string | null }>(
      bench,
      "SELECT pixel_hash FROM catalog ORDER BY i",
    );
    expect(held.map(({ pixel_hash }) => pixel_hash)).toEqual([...values, null]);
    expect(await query(bench, "SELECT octet_length(pixel_hash) AS n FROM rows_1 WHERE i = 0")).toEqual([
      { n: 16 },
    ]);
  }));

test("names of files are stored in parts, and read as they were", () =>
  withLake(async (bench) => {
    const odd = [
      ...[
        "",
        "0",
        "007",
        "-1.5e3",
        "쪽 1",
        "1쪽",
        "a\n2\n",
        "é9e\u0301",
        "9\u0301",
        "👍🏽12👍🏽",
        "١٢",
        "NULL",
        "a#3#",
      ],
      ...[
        "9".repeat(18),
        "0".repeat(19),
        `a${"9".repeat(40)}b`,
        `1${"가".repeat(300_000)}`,
        "x.tar.gz",
        "%5d.jpg",
        "'1'",
      ],
    ];
    const digit = fc.constantFrom(..."0123456789");
    const piece = fc.oneof(
      digit,
      digit,
      fc.string({ unit: "grapheme", maxLength: 3 }),
      fc.string({ unit: "binary", maxLength: 3 }),
    );
    const some = fc
      .array(piece, { maxLength: 30 })
      .map((pieces) => pieces.join("").replaceAll("\0", "").toWellFormed());
    const names = [...odd, ...fc.sample(some, { numRuns: 3000, seed: 7 })];
    const file = join(bench.folder, "names.json");
    await Bun.write(file, JSON.stringify(names.map((source_name, i) => ({ i, source_name }))));
    const scans =
      "SELECT 100000 + i AS i, 'scan/' || lpad((i // 1000)::VARCHAR, 4, '0') || '/page_' || lpad(i::VARCHAR, 7, '0') || '.jpg' AS source_name FROM range(50000) t(i)";
    const given = `SELECT * FROM read_json('${file}', columns = {i: 'BIGINT', source_name: 'VARCHAR'}) UNION ALL ${scans} UNION ALL SELECT -1, NULL`;
    await bench.database.run(`CREATE TABLE memory.given AS ${given}`);
    await commit(bench, "create", "SELECT * FROM memory.given", of("a"));
    await refresh(bench);
    const held = "SELECT i, source_name FROM catalog";
    const rows = await query(bench, `${held} WHERE i < 100000 AND i >= 0 ORDER BY i`);
    expect(rows.map(({ source_name }) => source_name)).toEqual(names);
    expect(
      await query(
        bench,
        `SELECT count(*) AS n FROM (${held} EXCEPT ALL (${scans})) WHERE i >= 100000 OR source_name IS NULL`,
      ),
    ).toEqual([{ n: 1 }]);
    const [{ parts } = { parts: 0 }] = await query<{ parts: number }>(
      bench,
      "SELECT count(DISTINCT (source_name['before'], source_name['after'])) AS parts FROM rows_1 WHERE i >= 100000",
    );
    expect(parts).toBe(50);
  }));
