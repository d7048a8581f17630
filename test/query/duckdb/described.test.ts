import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase } from "../../../src/query/database.ts";
import { describeCatalog } from "../../../src/query/duckdb/described.ts";
import { CATALOG_FORMAT } from "../../../src/query/duckdb/homes.ts";

/** Of few columns and of very many: these are read in another way. */
test.each([3, 6000])("partitions of %p columns are described as the catalog says", async (columnCount) => {
  const folder = await mkdtemp(join(tmpdir(), "described-"));
  const database = await openDatabase({ scratch: folder, memory: "200MB", threads: 2 });
  try {
    await database.run(`CREATE TABLE lake AS SELECT ${CATALOG_FORMAT} AS format, 7::BIGINT AS generation`);
    await database.run(
      `CREATE TABLE partitions AS SELECT 'p' AS provider, 'd' || i AS dataset, 'raw' AS task, 'text' AS variant,
         10::BIGINT AS rows, 9::BIGINT AS bytes, list_transform(range(${columnCount}), lambda k: {'name': '열 ' || k,
           'type': CASE WHEN (k + i) % 7 = 0 THEN 'STRUCT(a INTEGER)[]' ELSE 'VARCHAR' END,
           'nulls': (k * i) % 11, 'nfc': CASE k % 3 WHEN 0 THEN true WHEN 1 THEN false END}) AS columns,
         '{}' AS features, i::INTEGER AS part, 0 AS home,
         {'integers': ['n' || i], 'numbers': []::VARCHAR[], 'texts': list_transform(range(${columnCount}), lambda k: '열 ' || k)} AS cells,
         ['data.parquet', '"' || i] AS files, ['u' || i] AS uploads, TIMESTAMP '2026-01-02 03:04:05' AS uploaded_at,
         'CC ' || i AS license
       FROM range(5) t(i)`,
    );
    const { known, generation } = await describeCatalog(database);
    expect(generation).toBe(7);
    const expected = await database.rows(
      "SELECT * REPLACE (CAST(uploaded_at AS VARCHAR) AS uploaded_at) FROM partitions",
    );
    expect(known).toEqual(expected as never);
  } finally {
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
});
