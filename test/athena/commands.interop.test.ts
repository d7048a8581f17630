/** The whole way of Athena: what `sync --to athena` leaves is searched, downloaded and queried with `--engine athena`. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { refreshCatalog } from "../../src/catalog/refresh.ts";
import { loadSettings } from "../../src/config.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { silentLogger } from "../../src/log.ts";
import { openDatabase } from "../../src/query/database.ts";
import { commit } from "../catalog/lakes.ts";
import { run } from "../cli/harness.ts";
import { hiveProblems } from "../engines/grammar.ts";
import { useMoto } from "../engines/moto.ts";
import { MORE, PARTS, SCORES, TYPES, WORDS } from "../engines/rows.ts";
import { trinoWanted, useTrino } from "../engines/trino.ts";
import { type Loopback, startLoopback } from "./loopback.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

describe.skipIf(!trinoWanted)("--engine athena", () => {
  let folder = "";
  let lake: Lake;
  let loopback: Loopback;
  let env: Record<string, string>;

  const change = async (mode: "create" | "append" | "replace", select: string, key = WORDS) => {
    const scratch = join(folder, "scratch");
    const database = await openDatabase({ scratch, threads: 2 });
    try {
      await commit({ lake, database }, mode, select, key);
    } finally {
      database.close();
    }
    const settings = await loadSettings({
      env: {},
      cwd: folder,
      flags: { cache: join(folder, "cache"), scratch },
    });
    await refreshCatalog({ lake, settings, logger: silentLogger });
  };
  const json = async (...args: string[]) => {
    const outcome = await run([...args, "--json"], { env });
    expect({ args, exit: outcome.exit, stderr: outcome.stderr }).toMatchObject({ args, exit: 0 });
    return JSON.parse(outcome.stdout);
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "datalake-athena-"));
    ({ lake } = await initLake(join(folder, "lake")));
    const [moto, trino] = await Promise.all([useMoto(), useTrino()]);
    const bucket = await moto.createBucket();
    const catalog = await trino.createCatalog({
      properties: { ...moto.trinoProperties(bucket), "hive.metastore.catalog.dir": `s3://${bucket}/meta` },
    });
    await trino.run(`CREATE SCHEMA ${catalog}.unload WITH (location = 's3://${bucket}/schema')`);
    loopback = await startLoopback({
      trino: { url: trino.url, catalog, schema: "ocr_lake" },
      unload: { catalog, schema: "unload" },
    });
    env = {
      DATALAKE_LAKE: lake.root,
      DATALAKE_SCRATCH: join(folder, "scratch"),
      DATALAKE_S3_BUCKET: bucket,
      DATALAKE_S3_ENDPOINT: moto.endpoint,
      DATALAKE_S3_REGION: moto.region,
      DATALAKE_ATHENA_REGION: moto.region,
      DATALAKE_ATHENA_ENDPOINT: loopback.endpoint,
      DATALAKE_ATHENA_DATABASE: "ocr_lake",
      DATALAKE_ATHENA_OUTPUT: `s3://${bucket}/results`,
    };
    process.env.AWS_ACCESS_KEY_ID ??= moto.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY ??= moto.secretAccessKey;
  });
  afterAll(async () => {
    loopback?.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("finds what a sync has brought, and what each sync after it changed", async () => {
    for (const { key, select } of PARTS) {
      if ([WORDS, MORE, TYPES, SCORES].includes(key)) await change("create", select, key);
    }
    const selection = ["--dataset", WORDS.dataset, "--limit", "1000"];
    const same = async () => {
      const own = await json("search", ...selection);
      const theirs = await json("search", ...selection, "--engine", "athena");
      expect(theirs.engine).toBe("athena");
      expect(theirs.rows).toEqual(own.rows);
      expect([theirs.row_count, theirs.columns]).toEqual([own.row_count, own.columns]);
    };
    expect(await json("sync", "--to", "athena")).toMatchObject({
      target: "athena",
      partitions: 4,
      left_out: [],
    });
    await same();
    const rows = (from: number) =>
      `SELECT range AS id, '더 많은 글 ' || range AS body, 5 AS 새_열, 'u2' AS upload_id, range AS source_row FROM range(${from}, ${from + 2})`;
    await change("append", rows(100), MORE);
    expect(await json("sync", "--to", "athena")).toMatchObject({ objects: 2 });
    await same();
    await change("replace", rows(200), MORE);
    expect(await json("sync", "--to", "athena")).toMatchObject({ objects: 2 });
    await same();
    await rm(lake.layout.partition(MORE), { recursive: true });
    const again = await run(["catalog", "rebuild"], { env });
    expect(again.exit).toBe(0);
    expect(await json("sync", "--to", "athena", "--grace", "0")).toMatchObject({ partitions: 3 });
    await same();
    expect(await json("sync", "status", "--to", "athena")).toMatchObject({ up_to_date: true });
    const hive = loopback.calls
      .map(({ body }) => String(body.QueryString))
      .filter((sql) => /^(CREATE|ALTER|DROP)/.test(sql));
    expect(hive.length).toBeGreaterThan(6);
    expect(hive.flatMap(hiveProblems)).toEqual([]);
  });

  test("searches, downloads and runs SQL as the lake's own engine does, and says what it costs", async () => {
    await json("sync", "--to", "athena");
    const hits = ["--text", "한국어", "--column", "label"];
    const own = await json("search", ...hits);
    const theirs = await json("search", ...hits, "--engine", "athena");
    expect(theirs.rows).toEqual(own.rows);
    expect(theirs.row_count).toBeGreaterThan(0);
    expect(theirs.scanned_bytes).toBeGreaterThan(0);
    expect(theirs.cost_usd).toBeGreaterThan(0);
    const told = await run(["search", ...hits, "--engine", "athena"], { env });
    expect(told.stderr).toMatch(/scanned.*\$/);
    const output = join(folder, "hits.arrow");
    await json("download", ...hits, "--engine", "athena", "--images", "none", "--output", output);
    expect(tableFromIPC(await readFile(output)).numRows).toBe(own.row_count);
    const sql = await json("sql", "SELECT count(*) AS n FROM catalog", "--engine", "athena");
    expect(sql.rows).toEqual([{ n: expect.anything() }]);
    expect((await run(["sql", "DROP TABLE catalog", "--engine", "athena"], { env })).exit).toBe(2);
  });
});
