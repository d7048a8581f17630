import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RecordBatch } from "apache-arrow";
import { AppError } from "../../src/errors.ts";
import { runSandboxed } from "../../src/query/duckdb/sandbox.ts";
import { createClock } from "../../src/query/duckdb/sandbox-clock.ts";
import { startSandboxed } from "../../src/query/duckdb/sandbox-run.ts";
import { jsonCells } from "../../src/query/output/cells.ts";
import type { Column } from "../../src/schema/columns.ts";
import type { SqlLimits } from "../../src/schema/query.ts";
import { LIMITS, makeSandboxWorld, type SandboxWorld, SECRET } from "./sandbox-kit.ts";

let world: SandboxWorld;
let untouched: string[];

beforeAll(async () => {
  world = await makeSandboxWorld();
  await runHere("SELECT 1");
  untouched = await world.snapshot();
});

afterAll(async () => {
  expect(await world.snapshot()).toEqual(untouched);
  await world.remove();
});

type Rows = Record<string, unknown>[];

async function rowsOf({
  columns,
  batches,
}: {
  columns: Column[];
  batches: Iterable<RecordBatch> | AsyncIterable<RecordBatch>;
}): Promise<Rows> {
  const rows: Rows = [];
  for await (const batch of batches) {
    const cells = jsonCells(batch);
    for (let row = 0; row < batch.numRows; row++) {
      rows.push(
        Object.fromEntries(columns.map(({ name }, at) => [name, JSON.parse(cells[at]?.(row) ?? "null")])),
      );
    }
  }
  return rows;
}

/** In this process: what the statement may do is the same, and it takes milliseconds. */
async function runHere(text: string, limits: Partial<SqlLimits> = {}): Promise<Rows> {
  const { catalog: catalogPath, scratch } = world;
  const request = { catalogPath, scratch, text, threads: 2, ...LIMITS, ...limits };
  const run = await startSandboxed(
    request,
    createClock(request.timeoutMs, () => {}),
  );
  try {
    return await rowsOf({ columns: run.columns, batches: run.batches() });
  } finally {
    run.close();
  }
}

async function runApart(text: string, limits: Partial<SqlLimits> = {}, signal?: AbortSignal): Promise<Rows> {
  const options = { scratch: world.scratch, threads: 2 };
  return rowsOf(await runSandboxed(world.catalog, text, { ...LIMITS, ...limits }, options, signal));
}

async function codeOf(running: Promise<Rows>): Promise<string> {
  const failure = await running.then(
    (rows) => `gave ${JSON.stringify(rows).slice(0, 200)}`,
    (error: unknown) => error,
  );
  return failure instanceof AppError ? failure.code : String(failure);
}

describe("what reads is allowed", () => {
  const reads: [string, number][] = [
    ["SELECT * FROM catalog WHERE id < 3", 3],
    ["  select id from catalog order by id limit 2 ;  ", 2],
    ["FROM catalog LIMIT 4", 4],
    ["FROM partitions", 1],
    ["FROM lake", 1],
    ["WITH a AS (SELECT 1 AS x) SELECT x FROM a; -- done; really", 1],
    ["VALUES (1), (2)", 2],
    ["SHOW TABLES", 3],
    ["DESCRIBE catalog", 2],
    ["SUMMARIZE catalog", 2],
    ["TABLE lake", 1],
    ["PIVOT catalog ON id IN (1, 2) USING count(*)", 3000],
    ["EXPLAIN SELECT * FROM catalog", 1],
    ["EXPLAIN ANALYZE SELECT count(*) FROM catalog", 1],
    ["EXPLAIN (FORMAT json) SELECT 1", 1],
    ["/* a */ SELECT ';' AS \";\" -- b;", 1],
  ];
  for (const [sql, count] of reads) {
    test(sql, async () => {
      expect(await runHere(sql)).toHaveLength(count);
    });
  }
});

/** Every way out that we know of. `world` names stand for paths: they are put in when the test runs. */
const REFUSED: string[] = [
  // files outside
  "SELECT * FROM read_csv('$secret')",
  "SELECT * FROM read_csv_auto('$secret')",
  "SELECT * FROM sniff_csv('$secret')",
  "SELECT content FROM read_text('$secret')",
  "SELECT content FROM read_text('/etc/passwd')",
  "SELECT content FROM read_blob('/proc/self/environ')",
  "SELECT * FROM read_json('$folder/*.json')",
  "SELECT * FROM read_parquet('$folder/secret.parquet')",
  "SELECT * FROM parquet_metadata('$folder/secret.parquet')",
  "SELECT * FROM glob('$folder/*')",
  "SELECT * FROM '$secret'",
  "FROM '$folder/secret.parquet'",
  'FROM "$secret"',
  "FROM 'https://example.com/x.csv'",
  "FROM 's3://bucket/x.parquet'",
  "SELECT * FROM read_duckdb('$folder/other.duckdb', table_name => 'hidden')",
  "FROM query('FROM read_text(''$secret'')')",
  "FROM query_table('$secret')",
  "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''$secret'')'))",
  "WITH x AS (FROM read_csv('$secret')) SELECT * FROM x",
  "SELECT (SELECT content FROM read_text('$secret'))",
  "SUMMARIZE FROM '$secret'",
  "DESCRIBE FROM '$secret'",
  "EXPLAIN ANALYZE SELECT * FROM read_csv('$secret')",
  "PIVOT (FROM read_csv('$secret')) ON name IN ('key') USING first(value)",
  // writing
  "COPY catalog TO '$folder/out.csv'",
  "COPY catalog TO '$catalog' (FORMAT csv)",
  "COPY (SELECT 1) TO '$catalog.wal' (FORMAT csv)",
  "COPY catalog FROM '$secret'",
  "EXPLAIN ANALYZE COPY (SELECT 1) TO '$folder/out.csv'",
  "EXPLAIN ANALYZE COPY (SELECT 1) TO '$catalog'",
  "EXPORT DATABASE '$folder/export'",
  "IMPORT DATABASE '$folder'",
  "PRAGMA import_database('$folder')",
  "COPY FROM DATABASE lake TO memory",
  "CREATE TABLE x AS SELECT 1",
  "CREATE TEMP TABLE x AS SELECT 1",
  "EXPLAIN ANALYZE CREATE TEMP TABLE x AS SELECT 1",
  "CREATE TABLE memory.x AS SELECT 1",
  "CREATE VIEW v AS FROM catalog",
  "CREATE MACRO m() AS 1",
  "CREATE SEQUENCE s",
  "CREATE SECRET (TYPE s3)",
  "CREATE TYPE t AS ENUM ('a')",
  "INSERT INTO catalog VALUES (1, 'x')",
  "UPDATE catalog SET text = ''",
  "DELETE FROM catalog",
  "TRUNCATE catalog",
  "MERGE INTO lake USING lake AS other ON true WHEN MATCHED THEN DELETE",
  "EXPLAIN ANALYZE DELETE FROM catalog",
  "DROP TABLE catalog",
  "ALTER TABLE catalog ADD COLUMN x INTEGER",
  "COMMENT ON TABLE catalog IS 'x'",
  "CHECKPOINT",
  "FORCE CHECKPOINT lake",
  "VACUUM",
  "ANALYZE",
  "BEGIN",
  "COMMIT",
  // other databases, extensions, settings
  "ATTACH '$folder/other.duckdb' AS other",
  "ATTACH '$folder/new.duckdb'",
  "ATTACH ':memory:' AS other",
  "DETACH lake",
  "USE memory",
  "INSTALL httpfs",
  "LOAD httpfs",
  "LOAD '$folder/x.duckdb_extension'",
  "UPDATE EXTENSIONS",
  "SET enable_external_access = true",
  "SET GLOBAL memory_limit = '100GB'",
  "RESET lock_configuration",
  "SET VARIABLE x = 1",
  "PRAGMA memory_limit = '100GB'",
  "PRAGMA enable_profiling",
  "PRAGMA force_checkpoint",
  "CALL pragma_version()",
  "CALL enable_logging()",
  "PREPARE x AS SELECT 1",
  "EXECUTE x",
  "SELECT getenv('HOME')",
  "SELECT * FROM which_secret('s3://x', 's3')",
  "SELECT $1",
  // several statements
  "SELECT 1; SELECT 2",
  "SELECT 1; DROP TABLE catalog",
  "SELECT 1; -- \n SET threads = 1",
  "SELECT 1 /* ; */; /* */ DETACH lake",
  "SELECT 1) AS q; DROP TABLE catalog; SELECT (1",
  "SELECT 1\0; DROP TABLE catalog",
  // no statement
  "",
  " ; ;",
  "-- nothing",
  "/* nothing */",
  "not sql",
];

describe("what would get out is refused", () => {
  for (const sql of REFUSED) {
    test(JSON.stringify(sql), async () => {
      const { folder, catalog, secret } = world;
      const text = sql
        .replaceAll("$folder", folder)
        .replaceAll("$catalog", catalog)
        .replaceAll("$secret", secret);
      expect(await codeOf(runHere(text))).toBe("invalid_sql");
      expect(await world.snapshot()).toEqual(untouched);
    });
  }
});

describe("what is harmless says nothing and leaves nothing", () => {
  const harmless = [
    "FROM duckdb_settings()",
    "FROM duckdb_secrets()",
    "FROM duckdb_extensions()",
    "FROM duckdb_logs()",
    "FROM duckdb_temporary_files()",
    "FROM duckdb_external_file_cache()",
    "FROM enable_logging(storage => 'file', storage_path => '$folder/log')",
    "FROM enable_logging(level => 'TRACE', storage => 'file', storage_path => '$catalog.wal'), (SELECT count(write_log('x' || range)) FROM range(10000))",
    "SELECT write_log('x')",
    "FROM checkpoint('lake')",
    "FROM force_checkpoint('lake')",
    "SELECT setseed(0.5)",
    "PRAGMA database_list",
  ];
  for (const sql of harmless) {
    test(sql, async () => {
      const text = sql.replaceAll("$folder", world.folder).replaceAll("$catalog", world.catalog);
      const said = await runHere(text).then(JSON.stringify, (error: AppError) => {
        expect(error.code).toBe("invalid_sql");
        return error.message;
      });
      expect(said).not.toContain(SECRET);
      expect(await world.snapshot()).toEqual(untouched);
    });
  }

  test("nothing tells where the catalog lies, or how the engine is set", async () => {
    const hidden = [
      "SELECT path FROM duckdb_databases()",
      'FROM "DuckDB_Databases"',
      "FROM system.main.duckdb_databases /* */ ()",
      "SELECT (SELECT max(path) FROM main.duckdb_databases)",
      "WITH x AS (FROM duckdb_settings()) SELECT value FROM x",
      "FROM pg_catalog.pg_settings",
      "SELECT current_setting('allowed_paths')",
      "SELECT [system.main.current_setting('home_directory')]",
      "FROM query('FROM duckdb_' || 'databases()')",
      "FROM query_table('duckdb_' || 'settings')",
      "EXPLAIN ANALYZE FROM duckdb_databases()",
      "DESCRIBE SELECT current_setting('memory_limit')",
      "SUMMARIZE FROM duckdb_settings()",
      "SHOW DATABASES",
      "FROM duckdb_tables()",
      "FROM duckdb_views()",
      "FROM information_schema.schemata",
      "FROM pg_catalog.pg_database",
      "FROM pragma_database_size()",
      "FROM nowhere",
    ];
    for (const sql of hidden) {
      const said = await runHere(sql).then(JSON.stringify, (error: AppError) => {
        expect([sql, error.code]).toEqual([sql, "invalid_sql"]);
        return error.message;
      });
      expect([sql, /\/(tmp|root|home|usr|var|proc)\b/.test(said)]).toEqual([sql, false]);
      expect([sql, said.includes(world.folder)]).toEqual([sql, false]);
    }
    for (const sql of hidden.slice(0, 13))
      expect([sql, await codeOf(runHere(sql))]).toEqual([sql, "invalid_sql"]);
    // Their names are nobody's property: a table or a column may have them.
    expect(
      await runHere("WITH query AS (SELECT 1 AS current_setting) SELECT current_setting FROM query"),
    ).toEqual([{ current_setting: 1 }]);
  });
});

describe("limits, in a process of its own", () => {
  const burning: [string, string, Partial<SqlLimits>][] = [
    [
      "a count without end",
      "SELECT count(*) FROM range(1000000000000) t(i) WHERE i % 7 = 3",
      { timeoutMs: 300 },
    ],
    [
      "a recursion without end",
      "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
      { timeoutMs: 300 },
    ],
    [
      "a cross product",
      "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range * b.range % 7919 = 3",
      { timeoutMs: 300 },
    ],
    [
      "a pattern on long texts",
      "SELECT count(*) FROM range(1000000000) WHERE regexp_matches(repeat('a', 500) || range, '(.*)a(.*)a(.*)b$')",
      { timeoutMs: 300 },
    ],
    ["sleeping", "SELECT sleep_ms(60000)", { timeoutMs: 300 }],
    [
      "a function that does not look up",
      "SELECT list_sum(list_transform(range(30000000), x -> x * 2 + length(CAST(x AS VARCHAR))))",
      { timeoutMs: 300, memory: "4GB" },
    ],
  ];
  for (const [what, sql, limits] of burning) {
    test(`${what} is ended in time`, async () => {
      const startedMs = performance.now();
      expect(await codeOf(runApart(sql, limits))).toBe("timeout");
      expect(performance.now() - startedMs).toBeLessThan(50_000); // of a minute, or of hours
    });
  }

  const large: [string, string, Partial<SqlLimits>, string][] = [
    ["rows", "FROM range(100001)", {}, "sql.max_rows"],
    ["bytes", "SELECT repeat('x', 100000) FROM range(1000)", {}, "sql.max_bytes"],
    ["a list in memory", "SELECT array_agg(range) FROM range(1000000000)", { memory: "200MB" }, "sql.memory"],
    [
      "groups in memory",
      "SELECT range, count(*) FROM range(1000000000) GROUP BY range",
      { memory: "200MB" },
      "sql.memory",
    ],
    [
      "a sort in memory",
      "SELECT count(*) FROM (SELECT row_number() OVER (ORDER BY hash(range)) AS r FROM range(1000000000)) WHERE r % 7 = 0",
      { memory: "200MB" },
      "sql.memory",
    ],
    [
      "texts past DuckDB's count",
      "SELECT count(DISTINCT repeat('x' || range, 20000000)) FROM range(1000)",
      { memory: "200MB" },
      "sql.memory",
    ],
  ];
  for (const [what, sql, limits, setting] of large) {
    test(`too many or too large: ${what}`, async () => {
      const error = await runApart(sql, limits).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: "too_large", details: { setting } });
    });
  }

  test("too many columns are refused before their names are read", async () => {
    const [few, many] = [2_000, 60_000].map((count) => `SELECT ${Array(count).fill("1").join(", ")}`);
    const error = await runApart(many as string).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "too_large", details: { columns: 60_000 } });
    expect((error as Error).message).toBe("the result has 60000 columns, more than 10000; select fewer");
    expect(Object.keys((await runApart(few as string))[0] ?? {})).toHaveLength(2_000);
  });

  test("exactly as many rows as allowed are given", async () => {
    expect(await runApart("FROM range(100000)")).toHaveLength(100_000);
  });

  test("a signal ends the process at once", async () => {
    const controller = new AbortController();
    const running = runApart("SELECT sleep_ms(60000)", {}, controller.signal);
    setTimeout(() => controller.abort(), 300);
    expect(await codeOf(running)).toBe("cancelled");
    expect(await codeOf(runApart("SELECT 1", {}, AbortSignal.abort()))).toBe("cancelled");
  });

  test("rows left unread end with the process", async () => {
    const options = { scratch: world.scratch, threads: 2 };
    const { batches } = await runSandboxed(world.catalog, "FROM range(100000)", LIMITS, options);
    for await (const batch of batches) {
      expect(batch.numRows).toBeGreaterThan(0);
      break;
    }
  });

  test("without a catalog there is none", async () => {
    const running = runSandboxed(`${world.catalog}.none`, "SELECT 1", LIMITS, { scratch: world.scratch });
    expect(await running.catch(({ code }) => code)).toBe("not_found");
  });
});

describe("results", () => {
  test("come in the order the statement asks for, across many batches", async () => {
    const sorted = await runApart("SELECT id, id::HUGEINT AS h FROM catalog ORDER BY id DESC");
    expect(sorted.map(({ id }) => id)).toEqual(Array.from({ length: 3000 }, (_, at) => 2999 - at));
  });

  test("types that Arrow lacks are text, and a sum stays a number", async () => {
    const [row] = await runHere(`SELECT sum(id) AS s, MAP {'a': 1} AS m, INTERVAL 90 MINUTE AS i,
      TIME '10:20:30' AS t, 'x'::ENUM('x', 'y') AS e, '00000000-0000-0000-0000-000000000001'::UUID AS u,
      TIMESTAMPTZ '2026-01-01 09:00:00+09' AS z, NULL AS n, '{"k": [1]}'::JSON AS j, [1::UHUGEINT] AS l,
      array_value(1, 2) AS a, 'x' AS dup, 'y' AS dup,
      histogram(id % 2) AS h, [MAP {'a=1, b': 'c'}] AS ml, {'x': '1.10'::VARIANT} AS v,
      MAP {'a': ['nan', '0.5', '-inf', NULL]::DOUBLE[]} AS nf,
      '2024-05-01 09:30:00.123456789'::TIMESTAMP_NS AS ns, ['2024-05-01'::TIMESTAMP_NS, NULL] AS nl FROM catalog`);
    expect(row).toEqual({
      s: 4498500,
      m: '{"a":1}',
      i: "01:30:00",
      t: "10:20:30",
      e: "x",
      u: "00000000-0000-0000-0000-000000000001",
      z: "2026-01-01T00:00:00",
      n: null,
      j: '{"k": [1]}',
      l: ["1"],
      a: [1, 2],
      dup: "x",
      dup_1: "y",
      h: '{"0":1500,"1":1500}',
      ml: '[{"a=1, b":"c"}]',
      v: '{"x":"1.10"}',
      nf: '{"a":["NaN",0.5,"-Infinity",null]}',
      ns: "2024-05-01 09:30:00.123456789",
      nl: ["2024-05-01 00:00:00", null],
    });
  });

  test("an error in the middle of many rows is none that gives fewer rows", async () => {
    const sql =
      "SELECT range, CASE WHEN range = 90000 THEN CAST('x' || range AS INTEGER) END AS n FROM range(95000)";
    expect(await codeOf(runApart(sql))).toBe("invalid_sql");
  });

  test("a statement that is nested too deeply is told so, in a short sentence", async () => {
    const nested = `SELECT ${"(".repeat(400_000)}1${")".repeat(400_000)}`;
    for (const sql of [nested, `SELECT 1${"+1".repeat(400_000)}`, `SELECT ${"NOT ".repeat(200_000)}true`]) {
      const error = (await runApart(sql).catch((failure: unknown) => failure)) as Error;
      expect(error).toMatchObject({ code: "invalid_sql" });
      expect(error.message).toContain("nested too deeply");
    }
    const quotes = (await runApart(`SELECT 1 ${'"'.repeat(899_999)}`).catch(
      (failure: unknown) => failure,
    )) as Error;
    expect(quotes).toMatchObject({ code: "invalid_sql" });
    expect(quotes.message.length).toBeLessThan(1000);
  });

  test("an error says where", async () => {
    const late = await runHere("SELECT\n '한글', CAST('x' || id AS INTEGER) FROM catalog").catch(
      (e: unknown) => e,
    );
    expect(late).toMatchObject({ code: "invalid_sql", details: { line: 2, column: 8 } });
    const error = await runHere("SELECT id,\n '한글', idd FROM catalog").catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code: "invalid_sql", details: { line: 2, column: 8 } });
  });
});
