/** What can go wrong at Athena, one fault at a time, through AWS's own client. */
import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqlLimits } from "../../src/schema/query.ts";
import { collectRows } from "../engines/collect.ts";
import { trinoProblems } from "../engines/grammar.ts";
import { type EngineLake, makeEngineLake } from "../engines/lake.ts";
import { MANY } from "../engines/rows.ts";
import { trinoWanted } from "../engines/trino.ts";
import { makeTrinoTables } from "../engines/trino-tables.ts";
import { type AthenaBench, makeAthena } from "./kit.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

const LIMITS: SqlLimits = { timeoutMs: 110_000, memory: "1GB", maxRows: 100_000, maxBytes: 50_000_000 };
const ROWS = 5000;
const SELECT = `SELECT range AS id, 'many ' || range AS body, [range] AS list, 'u' AS upload_id, range AS source_row FROM range(${ROWS})`;

describe.skipIf(!trinoWanted)("Athena", () => {
  let lake: EngineLake;
  let bench: AthenaBench;
  let scratch = "";

  beforeAll(async () => {
    lake = await makeEngineLake([{ key: MANY, select: SELECT }]);
    scratch = await mkdtemp(join(tmpdir(), "datalake-athena-"));
    bench = await makeAthena(await makeTrinoTables(lake), scratch);
  });
  afterAll(async () => {
    bench?.loopback.close();
    await lake?.remove();
    await rm(scratch, { recursive: true, force: true });
  });
  beforeEach(() => {
    Object.assign(bench.loopback, {
      failCall: undefined,
      failExecution: undefined,
      scannedBytes: undefined,
      reuses: false,
      hangs: false,
      pageRows: 1000,
    });
    bench.loopback.calls.length = 0;
    bench.loopback.statements.length = 0;
    bench.loopback.stopped.length = 0;
  });

  const count = async (sql = `SELECT count(*) AS n FROM "catalog"`) => {
    const client = bench.client();
    try {
      return await collectRows(await client.sql(sql, LIMITS));
    } finally {
      client.close();
    }
  };
  const callsOf = (action: string) => bench.loopback.calls.filter((call) => call.action === action);
  const leftovers = async () => {
    const objects = (await bench.s3.list({ prefix: "results/" })).contents ?? [];
    const local = (await readdir(scratch)).filter((name) => name.startsWith("unload-"));
    return { objects: objects.length, local };
  };
  const NOTHING = { objects: 0, local: [] };

  test("gives results page after page", async () => {
    const rows = await count(`SELECT id FROM "catalog" ORDER BY id`);
    expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: ROWS }, (_, at) => at));
    // 5,000 rows and their header
    expect(callsOf("GetQueryResults")).toHaveLength(6);
    bench.loopback.pageRows = 7;
    expect(await count(`SELECT id FROM "catalog" ORDER BY id LIMIT 20`)).toHaveLength(20);
  });

  test("that throttles is asked again, one statement stays one", async () => {
    const failures = new Map<string, number>();
    bench.loopback.failCall = ({ action }) => {
      const before = failures.get(action) ?? 0;
      failures.set(action, before + 1);
      return before < 2 ? { error: "ThrottlingException", message: "Rate exceeded" } : undefined;
    };
    expect(await count()).toEqual([{ n: BigInt(ROWS) }]);
    expect(bench.loopback.statements).toHaveLength(1);
  });

  test("that throttles for ever is given up with advice", async () => {
    bench.loopback.failCall = () => ({ error: "TooManyRequestsException", message: "Rate exceeded" });
    await expect(count()).rejects.toMatchObject({ code: "engine_failed" });
  });

  test("whose answer to the start is lost begins nothing twice", async () => {
    const before = bench.loopback.started();
    let lost = 0;
    bench.loopback.failCall = ({ action }) =>
      action === "StartQueryExecution" && lost++ < 2 ? "lost" : undefined;
    expect(await count()).toEqual([{ n: BigInt(ROWS) }]);
    expect(callsOf("StartQueryExecution")).toHaveLength(3);
    expect(new Set(callsOf("StartQueryExecution").map(({ body }) => body.ClientRequestToken)).size).toBe(1);
    expect(bench.loopback.started()).toBe(before + 1);
    // The same text asked again is another statement: the lake may have changed meanwhile.
    await count();
    expect(bench.loopback.started()).toBe(before + 2);
  });

  test("whose line breaks while it is asked how things go goes on", async () => {
    let cuts = 0;
    bench.loopback.failCall = ({ action }) =>
      (action === "GetQueryExecution" || action === "GetQueryResults") && cuts++ % 2 === 0
        ? "cut"
        : undefined;
    expect(await count()).toEqual([{ n: BigInt(ROWS) }]);
    expect(bench.loopback.statements).toHaveLength(1);
  });

  test("says whose fault a failure is", async () => {
    await expect(count("SELECT nothing_of_the_kind FROM catalog")).rejects.toMatchObject({
      code: "invalid_sql",
    });
    for (const [fault, code] of [
      [{ state: "FAILED", reason: "GENERIC_INTERNAL_ERROR: oops", category: 1 }, "engine_failed"],
      [{ state: "FAILED", reason: "SYNTAX_ERROR: line 1:8: mismatched input", category: 2 }, "invalid_sql"],
      [{ state: "CANCELLED", reason: "Query cancelled by an administrator" }, "cancelled"],
      [{ state: "CANCELLED", reason: "Bytes scanned limit was exceeded: workgroup primary" }, "too_large"],
      [
        {
          state: "FAILED",
          reason: "EXCEEDED_LOCAL_MEMORY_LIMIT: Query exhausted resources at this scale factor",
        },
        "too_large",
      ],
    ] as const) {
      bench.loopback.failExecution = () => fault;
      await expect(count()).rejects.toMatchObject({ code });
    }
    // What has ended need not be stopped.
    expect(bench.loopback.stopped).toEqual([]);
  });

  test("without the tables says which command makes them", async () => {
    const client = bench.client({ table: "elsewhere" });
    const failure = client.retrievePartitions();
    await expect(failure).rejects.toMatchObject({ code: "not_found" });
    await expect(failure).rejects.toThrow("datalake sync --to athena");
    client.close();
  });

  test("that does not know who asks, or does not let them, says so", async () => {
    for (const [error, code] of [
      ["ExpiredTokenException", "unauthorized"],
      ["UnrecognizedClientException", "unauthorized"],
      ["InvalidSignatureException", "unauthorized"],
      ["AccessDeniedException", "forbidden"],
    ] as const) {
      bench.loopback.failCall = () => ({ error, message: "no", status: 403 });
      await expect(count()).rejects.toMatchObject({ code });
    }
  });

  test("is not asked by somebody without credentials", async () => {
    const own = { ...process.env };
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"])
      delete process.env[name];
    Object.assign(process.env, {
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_SHARED_CREDENTIALS_FILE: join(scratch, "none"),
      AWS_CONFIG_FILE: join(scratch, "none"),
    });
    try {
      await expect(count()).rejects.toMatchObject({ code: "unauthorized" });
    } finally {
      for (const name of Object.keys(process.env)) if (!(name in own)) delete process.env[name];
      Object.assign(process.env, own);
    }
    expect(bench.loopback.calls).toEqual([]);
  });

  test("that is not there is named", async () => {
    const client = bench.client({ endpoint: "http://127.0.0.1:9" });
    const failure = client.sql("SELECT 1 AS one", LIMITS);
    await expect(failure).rejects.toMatchObject({ code: "server_unreachable" });
    client.close();
  });

  test("is told to stop where too much is scanned", async () => {
    bench.loopback.hangs = true;
    bench.loopback.scannedBytes = 2000;
    const client = bench.client({ limits: { maxScanBytes: 1000, pricePerTb: 5, reuseMinutes: 0 } });
    await expect(client.sql("SELECT 1 AS one", LIMITS)).rejects.toMatchObject({ code: "too_large" });
    expect(bench.loopback.stopped).toHaveLength(1);
    client.close();
  });

  test("is told to stop when time is up, when somebody stops, and when the client is closed", async () => {
    bench.loopback.hangs = true;
    const client = bench.client();
    const late = client.sql("SELECT 1 AS one", { ...LIMITS, timeoutMs: 3000 });
    await expect(late).rejects.toMatchObject({ code: "timeout" });
    expect(bench.loopback.stopped).toHaveLength(1);
    const abort = new AbortController();
    const stopped = client.sql("SELECT 2 AS two", LIMITS, abort.signal);
    await untilPolled();
    abort.abort();
    await expect(stopped).rejects.toMatchObject({ code: "cancelled" });
    expect(bench.loopback.stopped).toHaveLength(2);
    const closed = client.sql("SELECT 3 AS three", LIMITS);
    await untilPolled();
    client.close();
    await expect(closed).rejects.toMatchObject({ code: "cancelled" });
    expect(bench.loopback.stopped).toHaveLength(3);
  });

  const untilPolled = async () => {
    const started = callsOf("StartQueryExecution").length;
    const polls = callsOf("GetQueryExecution").length;
    while (
      callsOf("StartQueryExecution").length === started &&
      callsOf("GetQueryExecution").length === polls
    ) {
      await Bun.sleep(1);
    }
    while (callsOf("GetQueryExecution").length === polls) await Bun.sleep(1);
  };

  test("is told to stop a query that runs", async () => {
    const client = bench.client();
    const abort = new AbortController();
    const endless =
      "SELECT count(*) AS n FROM UNNEST(sequence(1, 9999)) AS a(n) CROSS JOIN UNNEST(sequence(1, 9999)) AS b(n) CROSS JOIN UNNEST(sequence(1, 9999)) AS c(n)";
    const running = client.sql(endless, LIMITS, abort.signal);
    await untilPolled();
    abort.abort();
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    expect(bench.loopback.stopped).toHaveLength(1);
    client.close();
  });

  test("refuses nothing that it was not asked: a statement too long for it is not sent", async () => {
    const client = bench.client();
    const sql = `SELECT '${"가".repeat(100_000)}' AS long`;
    await expect(client.sql(sql, LIMITS)).rejects.toMatchObject({ code: "too_large" });
    expect(bench.loopback.calls).toEqual([]);
    client.close();
  });

  describe("by way of Parquet", () => {
    const query = { datasets: [MANY.dataset] };

    test("gives many rows, and leaves nothing behind", async () => {
      const client = bench.client();
      const result = await client.retrieveWithExistingCols(query);
      const rows = await collectRows(result);
      expect(rows.map(({ id }) => Number(id))).toEqual(Array.from({ length: ROWS }, (_, at) => at));
      expect(rows[7]?.list).toEqual([7n]);
      expect(bench.loopback.calls.some(({ body }) => String(body.QueryString).startsWith("UNLOAD"))).toBe(
        true,
      );
      expect(await leftovers()).toEqual(NOTHING);
      client.close();
    });

    test("leaves nothing behind when nobody reads on", async () => {
      const client = bench.client();
      for await (const _ of (await client.retrieveWithExistingCols(query)).batches) break;
      expect(await leftovers()).toEqual(NOTHING);
      client.close();
    });

    test("leaves nothing behind when it fails: AWS keeps the files of a failed UNLOAD", async () => {
      const client = bench.client();
      bench.loopback.failExecution = ({ QueryString }) => {
        const target = /TO 's3:\/\/[^/]+\/([^']+)'/.exec(QueryString)?.[1];
        if (target === undefined) return undefined;
        half = bench.s3.write(`${target}part-0`, "half a file");
        return { state: "FAILED", reason: "GENERIC_INTERNAL_ERROR", category: 1 };
      };
      let half: Promise<number> | undefined;
      const result = await client.retrieveWithExistingCols(query);
      await expect(collectRows(result)).rejects.toMatchObject({ code: "engine_failed" });
      await half;
      expect(half).toBeDefined();
      expect(await leftovers()).toEqual(NOTHING);
      client.close();
    });

    test("needs a place for it", async () => {
      const client = bench.client({ output: undefined });
      const result = await client.retrieveWithExistingCols(query);
      await expect(collectRows(result)).rejects.toMatchObject({ code: "invalid_config" });
      client.close();
    });
  });

  test("tells what was scanned and what it costs: at least 10 MB, a result taken again nothing", async () => {
    const client = bench.client();
    const statsOf = async () => {
      const { stats, batches } = await client.sql("SELECT 1 AS one", LIMITS);
      await Array.fromAsync(batches);
      return stats;
    };
    bench.loopback.scannedBytes = 123;
    expect(await statsOf()).toMatchObject({ scannedBytes: 123, costUsd: (1e7 / 1e12) * 5 });
    bench.loopback.scannedBytes = 2e12 / 4;
    expect(await statsOf()).toMatchObject({ costUsd: 2.5 });
    bench.loopback.reuses = true;
    expect(await statsOf()).toMatchObject({ costUsd: 0 });
    client.close();
  });

  test("takes a result again only where the settings allow it, and works for the named workgroup", async () => {
    await count();
    const [plain] = callsOf("StartQueryExecution");
    expect(plain?.body.ResultReuseConfiguration).toBeUndefined();
    const client = bench.client({
      workgroup: "ocr-team",
      limits: { maxScanBytes: 1e12, pricePerTb: 5, reuseMinutes: 60 },
    });
    await Array.fromAsync((await client.sql("SELECT 1 AS one", LIMITS)).batches);
    const asked = callsOf("StartQueryExecution").at(-1)?.body;
    expect(asked?.WorkGroup).toBe("ocr-team");
    expect(asked?.ResultReuseConfiguration).toEqual({
      ResultReuseByAgeConfiguration: { Enabled: true, MaxAgeInMinutes: 60 },
    });
    client.close();
  });

  test("gets statements of its grammar only", async () => {
    const client = bench.client();
    await collectRows(
      await client.retrieveWithExistingCols({
        text: "many 7",
        column: "body",
        ...{ datasets: [MANY.dataset] },
      }),
    );
    await client.listTables();
    await client.getTableInfo("catalog");
    client.close();
    const statements = callsOf("StartQueryExecution").map(({ body }) => String(body.QueryString));
    expect(statements.length).toBeGreaterThan(4);
    // UNLOAD is Athena's own; what it holds is a SELECT.
    const selects = statements.map((sql) => /^UNLOAD \((.*)\) TO /s.exec(sql)?.[1] ?? sql);
    expect(selects.flatMap(trinoProblems)).toEqual([]);
  });
});
