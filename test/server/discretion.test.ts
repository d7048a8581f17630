/** What readers and curators learn of the server that they use: nothing of its folders, its own statements, its faults. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../src/errors.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { createToken } from "../../src/lake/tokens.ts";
import { ROLES, type Role } from "../../src/schema/token.ts";
import { createDiscretion } from "../../src/server/auth/discretion.ts";
import { makeImage, makeWorld, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;
const tokens = {} as Record<Role, string>;
let failedUpload = "";
let given: object;

beforeAll(async () => {
  world = await makeWorld();
  for (const role of ROLES) {
    const request = { name: role, role, nowMs: Date.now(), expiresMs: undefined };
    tokens[role] = (await createToken(world.tokens, request)).token;
  }
  failedUpload = await stageUpload(world, [{ text: "a", name: "a.jpg", image: await makeImage(1) }]);
  await writeFile(
    createUploadLayout(world.lake.layout.upload("pending", failedUpload)).rows.stagedAt,
    "PAR1 no",
  );
  given = await Bun.file(join(world.lake.layout.upload("pending", failedUpload), "upload.json")).json();
  server = await startServe(world);
});
afterAll(() => server?.stop("SIGKILL"));

async function ask(role: Role, method: string, path: string, body?: unknown, headers = {}) {
  const isText = typeof body === "string";
  const response = await fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${tokens[role]}`, "content-type": "application/json", ...headers },
    ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
  });
  return { status: response.status, text: await response.text() };
}

/** Absolute paths of any machine, and statements of ours. */
const LEAKS = /(^|[\s"'(:])\/(tmp|home|root|var|usr|work|proc|dev|mnt)\/|read_parquet|SELECT |LINE 1/;

test("no answer tells a reader or curator where anything lies", async () => {
  const { job_id: job } = JSON.parse((await ask("curator", "POST", "/process", {})).text);
  await until(async () =>
    /"status":"(completed|failed)"/.test((await ask("admin", "GET", `/jobs/${job}`)).text),
  );
  expect((await ask("admin", "GET", "/info")).text).toContain(world.lake.root);
  const offer = {
    identity: "a".repeat(64),
    key: { provider: "hub", dataset: "pages", task: "raw", variant: "image" },
    mode: "create",
    columns: [],
    refers_to_raw: false,
  };
  const questions: [string, string, unknown?][] = [
    ["GET", "/info"],
    ["GET", "/status"],
    ["GET", "/jobs"],
    ["GET", `/jobs/${job}`],
    ["GET", `/jobs/${job}/events`],
    ["GET", "/uploads?all=true"],
    ["GET", `/uploads/${failedUpload}/rejects`],
    ["GET", "/catalog"],
    ["GET", "/partitions"],
    ["POST", "/search", {}],
    ["POST", "/query", { sql: "SELECT 1" }],
    ["POST", "/query", { sql: "SELECT path FROM duckdb_databases()" }],
    ["POST", "/exports", { format: "parquet", images: "none" }],
    ["POST", "/uploads", offer],
    ["POST", `/uploads/${failedUpload}/retry`],
    ["GET", `/assets/provider=hub/dataset=pages/00/00/${"0".repeat(64)}.jpg`],
    ["GET", `/exports/e${"0".repeat(32)}`],
  ];
  for (const role of ["reader", "curator"] as const) {
    for (const [method, path, body] of questions) {
      const { text } = await ask(role, method, path, body);
      expect({ role, path, leaks: LEAKS.exec(text)?.[0], text: text.includes(world.folder) }).toEqual({
        role,
        path,
        leaks: undefined,
        text: false,
      });
    }
  }
  const { text } = await ask("reader", "GET", `/jobs/${job}`);
  expect(text).toContain("data.parquet that cannot be read");
});

test("rows that are damaged, or name contents by paths, are refused in words at the commit", async () => {
  const rows = join(world.folder, "rows.parquet");
  const { openDatabase } = await import("../../src/query/database.ts");
  const database = await openDatabase({ scratch: world.settings.scratchFolder, memory: "256MB", threads: 1 });
  const write = (hash: string) =>
    database.run(
      `COPY (SELECT 0::BIGINT AS source_row, ${hash} AS source_hash, 'a' AS source_name, NULL::VARCHAR AS __reject) TO '${rows}' (FORMAT parquet)`,
    );
  const contents: [string, () => Promise<unknown>][] = [
    ["no Parquet", () => writeFile(rows, "PAR1 no")],
    ["a path", () => write("'../../../../../../etc/passwd'")],
    ["NUL", () => write("'a' || chr(0) || 'b'")],
    ["20 MB", () => write("repeat('x', 20000000)")],
    ["capitals", () => write("repeat('A', 64)")],
    ["a number", () => write("7")],
    ["bytes", () => write("'\\xFF\\x00'::BLOB")],
    [
      "cut",
      async () => {
        await write("repeat('a', 64)");
        const whole = await Bun.file(rows).bytes();
        whole.fill(0xff, 4, 60);
        await writeFile(rows, whole);
      },
    ],
  ];
  for (const [at, [kind, make]] of contents.entries()) {
    await make();
    const bytes = await Bun.file(rows).bytes();
    const key = { provider: "hub", dataset: `d${at}`, task: "raw", variant: "image" };
    const offer = {
      identity: String(at).repeat(64).slice(0, 64),
      key,
      mode: "create",
      columns: [],
      refers_to_raw: false,
    };
    const { upload_id: id } = JSON.parse((await ask("curator", "POST", "/uploads", offer)).text);
    const sent = await fetch(`${server.url}/uploads/${id}/rows`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${tokens.curator}`,
        "x-sha256": new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
      },
      body: bytes,
    });
    expect([kind, sent.status]).toEqual([kind, 200]);
    const manifest = {
      ...given,
      ...key,
      upload_id: id,
      rows: 1,
    };
    const { status, text } = await ask("curator", "POST", `/uploads/${id}/commit`, manifest);
    expect([kind, status, text.length < 1000, LEAKS.exec(text)?.[0]]).toEqual([kind, 422, true, undefined]);
  }
  database.close();
});

test("what is told keeps its words, and loses the server's places", () => {
  const { show } = createDiscretion({ lake: world.lake, settings: world.settings });
  const { root } = world.lake;
  const told = (text: string) => show({ text }, "reader").text;
  expect(told(`${root}/catalog.duckdb is gone`)).toBe("catalog.duckdb is gone");
  expect(told(`${root} is no lake; see ${root}.`)).toBe("the lake is no lake; see the lake.");
  expect(told(`${root}2/x and https://lake.example${root}/x`)).toBe(
    `${root}2/x and https://lake.example${root}/x`,
  );
  expect(told("/proc/self/fd/17: Invalid")).toBe("a file: Invalid");
  const secret = new AppError("internal", `x at ${root}/src`, {
    details: { path: root, row: 3 },
  }).toDocument();
  expect(show(secret, "curator")).toEqual({
    error: { code: "internal", message: expect.stringContaining("log"), details: { row: 3 } },
  });
  const failure = { error: { code: "corrupt", message: "a fault\n\nLINE 1: SELECT * FROM x\n   ^" } };
  expect(show(failure, undefined)).toEqual({ error: { code: "corrupt", message: "a fault" } });
  expect(show(failure, "admin")).toBe(failure);
});
