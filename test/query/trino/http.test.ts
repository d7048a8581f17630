import { describe, expect, test } from "bun:test";
import { TrinoClient } from "../../../src/query/trino/client.ts";
import type { HttpEffects } from "../../../src/query/trino/http.ts";
import { createTrinoRunner, type TrinoOptions } from "../../../src/query/trino/runner.ts";

const OPTIONS: TrinoOptions = {
  url: "http://127.0.0.1:1",
  catalog: "hive",
  schema: "datalake",
  table: "catalog",
  user: "kim",
};
const COLUMNS = [{ name: "n", type: "bigint" }];

interface Sent {
  method: string;
  url: string;
  headers: Record<string, string>;
}

/** Answers requests in turn; the last answer again and again. */
function scripted(...answers: (unknown | Response | Error)[]) {
  const sent: Sent[] = [];
  const pausesMs: number[] = [];
  const effects: HttpEffects = {
    fetch: async (url, init) => {
      sent.push({ method: init.method ?? "GET", url, headers: init.headers as Record<string, string> });
      if (init.method === "DELETE") return new Response(null, { status: 204 });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer instanceof Error) throw answer;
      return (answer instanceof Response ? answer.clone() : Response.json(answer)) as Response;
    },
    sleep: async (delayMs) => void pausesMs.push(delayMs),
  };
  return { effects, sent, pausesMs };
}

const next = (path: string) => `http://127.0.0.1:1/v1/statement/${path}`;
const page = (more: object) => ({ id: "q1", stats: { elapsedTimeMillis: 5 }, ...more });
const busy = (status: number) => new Response("busy", { status });

const readAll = async (effects: HttpEffects, options: Partial<TrinoOptions> = {}) => {
  const { rows } = await createTrinoRunner({ ...OPTIONS, ...options }, effects).run("SELECT n FROM t");
  return Array.fromAsync(rows);
};

test("follows a query from page to page", async () => {
  const { effects, sent } = scripted(
    page({ nextUri: next("queued/1") }),
    page({ nextUri: next("executing/2"), columns: COLUMNS, data: [[1]] }),
    page({ nextUri: next("executing/3"), columns: COLUMNS }),
    page({ columns: COLUMNS, data: [["9007199254740993"], [null]] }),
  );
  expect(await readAll(effects)).toEqual([["1"], ["9007199254740993"], [null]]);
  expect(sent.map(({ method, url }) => `${method} ${new URL(url).pathname}`)).toEqual([
    "POST /v1/statement",
    "GET /v1/statement/queued/1",
    "GET /v1/statement/executing/2",
    "GET /v1/statement/executing/3",
  ]);
  expect(sent[0]?.headers).toMatchObject({ "X-Trino-User": "kim", "X-Trino-Schema": "datalake" });
});

describe("answers that are no page", () => {
  test("a busy server is asked again, with growing pauses", async () => {
    const { effects, sent, pausesMs } = scripted(
      busy(503),
      page({ nextUri: next("1") }),
      busy(502),
      busy(429),
      busy(504),
      page({ columns: COLUMNS, data: [[1]] }),
    );
    expect(await readAll(effects)).toEqual([["1"]]);
    expect(sent).toHaveLength(6);
    expect(pausesMs).toHaveLength(4);
    expect(pausesMs[3]).toBeGreaterThan(pausesMs[1] as number);
  });

  test("but not for ever", async () => {
    const { effects, sent } = scripted(busy(503));
    await expect(readAll(effects)).rejects.toMatchObject({ code: "engine_failed", details: { status: 503 } });
    expect(sent.length).toBeLessThan(20);
  });

  test("a connection that broke is tried again, one that is refused is not", async () => {
    const broken = scripted(page({ nextUri: next("1") }), new Error("reset"), page({ columns: COLUMNS }));
    expect(await readAll(broken.effects)).toEqual([]);
    const refused = scripted(Object.assign(new Error("refused"), { code: "ConnectionRefused" }));
    await expect(readAll(refused.effects)).rejects.toMatchObject({ code: "server_unreachable" });
    expect(refused.sent).toHaveLength(1);
    const client = new TrinoClient(OPTIONS);
    await expect(client.listTables()).rejects.toMatchObject({ code: "server_unreachable" });
  });

  test("who it refuses is told so", async () => {
    for (const status of [401, 403]) {
      const { effects } = scripted(new Response("Unauthorized", { status }));
      await expect(readAll(effects)).rejects.toMatchObject({ code: "unauthorized" });
    }
  });

  test("another server than Trino is told from it", async () => {
    for (const answer of [
      new Response("<html>"),
      Response.json({ hello: 1 }),
      new Response("no", { status: 404 }),
    ]) {
      await expect(readAll(scripted(answer).effects)).rejects.toMatchObject({ code: "engine_failed" });
    }
  });
});

describe("a query that fails", () => {
  const failed = (errorName: string, errorType: string) =>
    scripted(page({ error: { message: `${errorName}: line 1\n\tat java`, errorName, errorType } })).effects;

  test("has the code of its cause", async () => {
    const cases: [string, string, string][] = [
      ["SYNTAX_ERROR", "USER_ERROR", "invalid_sql"],
      ["COLUMN_NOT_FOUND", "USER_ERROR", "invalid_sql"],
      ["TABLE_NOT_FOUND", "USER_ERROR", "not_found"],
      ["PERMISSION_DENIED", "USER_ERROR", "forbidden"],
      ["EXCEEDED_TIME_LIMIT", "INSUFFICIENT_RESOURCES", "timeout"],
      ["CLUSTER_OUT_OF_MEMORY", "INSUFFICIENT_RESOURCES", "engine_failed"],
      ["HIVE_CANNOT_OPEN_SPLIT", "EXTERNAL", "engine_failed"],
      ["USER_CANCELED", "USER_ERROR", "cancelled"],
    ];
    for (const [name, type, code] of cases) {
      const details = { error: name, query_id: "q1" };
      await expect(readAll(failed(name, type))).rejects.toMatchObject({ code, details });
    }
  });

  test("for a session property that its connector does not know runs again without it", async () => {
    const { effects, sent } = scripted(
      page({ error: { message: "no", errorName: "INVALID_SESSION_PROPERTY", errorType: "USER_ERROR" } }),
      page({ columns: COLUMNS, data: [[1]] }),
    );
    expect(await readAll(effects)).toEqual([["1"]]);
    expect(sent.map(({ headers }) => headers["X-Trino-Session"])).toEqual([
      "hive.timestamp_precision=MICROSECONDS",
      undefined,
    ]);
  });
});

describe("stopping", () => {
  const running = page({ nextUri: next("executing/9"), columns: COLUMNS, data: [[1], [2]] });
  const deleted = (sent: Sent[]) => sent.filter(({ method }) => method === "DELETE").map(({ url }) => url);

  test("a signal stops the query at the server", async () => {
    const { effects, sent } = scripted(running);
    const abort = new AbortController();
    const { rows } = await createTrinoRunner(OPTIONS, effects).run("SELECT 1", { signal: abort.signal });
    const reading = (async () => {
      for await (const _ of rows) abort.abort();
    })();
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
    expect(deleted(sent)).toEqual([next("executing/9")]);
  });

  test("so does reading no further, and closing", async () => {
    const { effects, sent } = scripted(running);
    const runner = createTrinoRunner(OPTIONS, effects);
    for await (const _ of (await runner.run("SELECT 1")).rows) break;
    expect(deleted(sent)).toHaveLength(1);
    const { rows } = await runner.run("SELECT 1");
    runner.close();
    runner.close();
    expect(deleted(sent)).toHaveLength(2);
    await expect(Array.fromAsync(rows)).rejects.toMatchObject({ code: "cancelled" });
  });

  test("a query that has ended is left alone", async () => {
    const { effects, sent } = scripted(page({ columns: COLUMNS, data: [[1]] }));
    await readAll(effects);
    expect(deleted(sent)).toEqual([]);
  });
});

describe("credentials", () => {
  test("go as Basic or Bearer, and never unencrypted to another machine", async () => {
    const authorization = async (options: Partial<TrinoOptions>) => {
      const { effects, sent } = scripted(page({ columns: COLUMNS }));
      await readAll(effects, options);
      return sent[0]?.headers.Authorization;
    };
    expect(await authorization({})).toBeUndefined();
    expect(await authorization({ password: "비밀" })).toBe(
      `Basic ${Buffer.from("kim:비밀").toString("base64")}`,
    );
    expect(await authorization({ token: "abc", url: "https://trino.example.org" })).toBe("Bearer abc");
    const open = { ...OPTIONS, url: "http://trino.example.org", password: "x" };
    expect(() => new TrinoClient(open)).toThrow(expect.objectContaining({ code: "invalid_config" }));
    expect(() => new TrinoClient({ ...OPTIONS, user: "김" })).toThrow(
      expect.objectContaining({ code: "invalid_config" }),
    );
  });

  test("do not follow a server that points from https to http", async () => {
    const { effects, sent } = scripted(
      page({ nextUri: "http://inside:8080/v1/statement/queued/1?slug=x" }),
      page({ columns: COLUMNS }),
    );
    await readAll(effects, { url: "https://trino.example.org:8443", token: "abc" });
    expect(sent[1]?.url).toBe("https://trino.example.org:8443/v1/statement/queued/1?slug=x");
  });
});
