/** Uploads as one file that comes in parts, against a real server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, truncate, utimes } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashBytes } from "../../src/lake/digest.ts";
import { createToken } from "../../src/lake/tokens.ts";
import type { InputState, Unfinished } from "../../src/schema/input-upload.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { createInputParts } from "../../src/server/work/input-parts.ts";
import { zipOf } from "../ingest/zip-kit.ts";
import { makeImage, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const running: ServeProcess[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop("SIGKILL");
});

async function serve(world: World): Promise<ServeProcess> {
  const server = await startServe(world);
  running.push(server);
  return server;
}

const RAW = { type: "raw", provider: "hub", dataset: "나눠서", name: "쪽.zip" };

type Answer = Partial<InputState> & {
  status: number;
  rows?: number;
  error?: { code: string; message: string; details?: Record<string, unknown> };
};

function client(server: ServeProcess, id: string, token?: string) {
  const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const call = async (method: string, rest: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}/uploads/${id}/input${rest}`, {
      method,
      ...init,
      headers: { ...headers, ...(init.headers as Record<string, string>) },
    });
    return { status: response.status, ...((await response.json()) as object) };
  };
  return {
    begin: (bytes: number, parameters: object = RAW) =>
      call("POST", `?${new URLSearchParams({ ...parameters, bytes: String(bytes) })}`),
    append: (offset: number, body: Uint8Array<ArrayBuffer>) => call("PATCH", `?offset=${offset}`, { body }),
    commit: (sha256: string) => call("POST", "/commit", { headers: { "x-sha256": sha256 } }),
    drop: () => call("DELETE", ""),
    unfinished: async () => {
      const response = await fetch(`${server.url}/uploads/unfinished`, { headers });
      return ((await response.json()) as Unfinished).uploads;
    },
  };
}

async function zipOfPages(seeds: number[]): Promise<Uint8Array<ArrayBuffer>> {
  const pages = await Promise.all(
    seeds.map(async (seed) => ({ name: `scans/${seed}.png`, data: await makeImage(seed) })),
  );
  return new Uint8Array(zipOf(pages));
}

test("a file goes on where its connection broke off, also after the server was killed", async () => {
  const world = await makeWorld();
  const file = await zipOfPages([1, 2, 3]);
  const third = Math.floor(file.length / 3);
  const id = createUploadId();
  const first = await serve(world);
  const before = client(first, id);
  expect(await before.begin(file.length)).toMatchObject({ status: 200, received_bytes: 0 });
  expect(await before.append(0, file.slice(0, third))).toMatchObject({ received_bytes: third });
  // A part that announces more than it brings, and breaks off.
  const socket = connect(Number(new URL(first.url).port), "127.0.0.1", () => {
    const head = `PATCH /uploads/${id}/input?offset=${third} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
    socket.write(`${head}Content-Length: ${file.length - third}\r\n\r\n`);
    socket.write(file.slice(third, third + 100));
  });
  socket.on("error", () => {});
  const received = async () => (await before.unfinished())[0]?.received_bytes;
  await until(async () => (await received()) === third + 100);
  expect((await before.unfinished())[0]?.is_active).toBe(true);
  socket.destroy();
  await until(async () => (await before.unfinished())[0]?.is_active === false);
  await first.stop("SIGKILL");

  const second = await serve(world);
  const after = client(second, id);
  const [left] = await after.unfinished();
  expect(left).toMatchObject({ upload_id: id, name: "쪽.zip", bytes: file.length, files: 1 });
  expect(new URLSearchParams(left?.parameters).get("dataset")).toBe("나눠서");
  const again = await after.begin(file.length);
  const at = third + 100;
  expect(again).toMatchObject({ received_bytes: at, received_sha256: hashBytes(file.slice(0, at)) });
  expect(await after.commit(hashBytes(file))).toMatchObject({ status: 409 });
  expect(await after.append(at, file.slice(at))).toMatchObject({ received_bytes: file.length });
  const staged = await after.commit(hashBytes(file));
  expect(staged).toMatchObject({ status: 200, upload_id: id, rows: 3 });
  expect(await after.unfinished()).toEqual([]);
  // Whoever lost the answer asks again.
  expect(await after.commit(hashBytes(file))).toMatchObject({ status: 200, upload_id: id, rows: 3 });
  const done = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(JSON.parse(done.stdout).uploads).toMatchObject([{ upload_id: id, rows: 3, status: "completed" }]);
});

test("another file, another place in it, and too many bytes are refused, and what arrived stays", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const file = await zipOfPages([1]);
  const { begin, append, commit, unfinished } = client(server, createUploadId());
  await begin(file.length);
  await append(0, file.slice(0, 50));
  const other = await begin(file.length + 1);
  expect(other).toMatchObject({ status: 409, error: { code: "conflict" } });
  expect(other.error?.message).toContain(`쪽.zip of ${file.length} bytes`);
  const wrong = await append(10, file.slice(10));
  expect(wrong).toMatchObject({ status: 409, error: { details: { received_bytes: 50 } } });
  expect(await append(50, new Uint8Array(file.length))).toMatchObject({ status: 400 });
  expect((await unfinished())[0]?.received_bytes).toBe(50);
  // A file of the same size that differs after its beginning: found at the end.
  await append(50, new Uint8Array(file.length - 50));
  expect(await commit(hashBytes(file))).toMatchObject({ status: 422, error: { code: "invalid_input" } });
  expect(await unfinished()).toEqual([]);
});

test("what can be known is refused before bytes are sent; what is found later costs no second sending", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const file = await zipOfPages([1]);
  const of = (id = createUploadId()) => client(server, id);
  const wrong: [object, string][] = [
    [{ ...RAW, provider: "nobody" }, "not_found"],
    [{ ...RAW, dataset: "a b" }, "invalid_name"],
    [{ ...RAW, type: "task", task: "ocr", variant: "v" }, "usage"],
    [{ ...RAW, colour: "red" }, "usage"],
    [{ ...RAW, name: "../x" }, "usage"],
  ];
  for (const [parameters, code] of wrong)
    expect((await of().begin(file.length, parameters)).error?.code).toBe(code);
  const first = of();
  await first.begin(file.length);
  await first.append(0, file);
  expect((await first.commit(hashBytes(file))).rows).toBe(1);
  const second = of();
  await second.begin(file.length);
  await second.append(0, file);
  expect((await second.commit(hashBytes(file))).error?.code).toBe("partition_exists");
  const changed = await second.begin(file.length, { ...RAW, mode: "append" });
  expect(changed).toMatchObject({ received_bytes: file.length, received_sha256: hashBytes(file) });
  expect((await second.commit(hashBytes(file))).rows).toBe(1);
  const third = of();
  await third.begin(file.length);
  expect(await third.drop()).toMatchObject({ status: 200 });
  expect(await third.append(0, file)).toMatchObject({ status: 404 });
  expect(await third.unfinished()).toEqual([]);
});

test("an unfinished upload is its owner's alone", async () => {
  const world = await makeWorld();
  const tokens: Record<string, string> = {};
  for (const [name, role] of [
    ["kim", "curator"],
    ["park", "curator"],
    ["lee", "reader"],
  ] as const) {
    const made = await createToken(world.tokens, { name, role, nowMs: Date.now(), expiresMs: undefined });
    tokens[name] = made.token;
  }
  const server = await serve(world);
  const file = await zipOfPages([1]);
  const id = createUploadId();
  expect((await client(server, id, tokens.lee).begin(file.length)).status).toBe(403);
  expect((await client(server, id).begin(file.length)).status).toBe(401);
  expect((await client(server, id, tokens.kim).begin(file.length)).status).toBe(200);
  const other = client(server, id, tokens.park);
  expect(await other.unfinished()).toEqual([]);
  expect((await other.begin(file.length)).error?.code).toBe("conflict");
  for (const answer of [await other.append(0, file), await other.drop(), await other.commit("0".repeat(64))])
    expect(answer.status).toBe(404);
  expect(await client(server, id, tokens.kim).unfinished()).toHaveLength(1);
});

test("what nobody went on with for a week is removed, and there may be no end of them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-parts-"));
  try {
    const offer = { owner: "kim", name: "a.zip", files: 2, bytes: 10, parameters: "" };
    const week = 7 * 86_400_000;
    const old = createUploadId();
    await createInputParts(folder).begin(old, offer);
    const past = new Date(Date.now() - week - 1000);
    await utimes(join(folder, old, "file", "input"), past, past);
    const parts = createInputParts(folder);
    for (let at = 0; at < 50; at++) await parts.begin(createUploadId(), offer);
    expect((await parts.list("kim")).map(({ upload_id }) => upload_id)).not.toContain(old);
    expect(parts.begin(createUploadId(), offer)).rejects.toMatchObject({ code: "busy" });
    expect(await parts.list("park")).toEqual([]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a server that stops waits for nothing that is sent or read, and says to come again", async () => {
  const folder = await mkdtemp(join(tmpdir(), "input-parts-"));
  const bytes = 4_000_000_000;
  try {
    const parts = createInputParts(folder);
    const offer = { owner: null, name: "a.zip", files: 1, bytes, parameters: "" };
    const [sent, read] = [createUploadId(), createUploadId()];
    for (const id of [sent, read]) await parts.begin(id, offer);
    await truncate(join(folder, read, "file", "input"), bytes);
    const body = new ReadableStream<Uint8Array>({ start: (to) => to.enqueue(new Uint8Array(10)) });
    const { signal } = new AbortController();
    const going = [parts.append(sent, null, { offset: 0, body, signal }), parts.begin(read, offer)];
    const ended = Promise.allSettled(going);
    await until(async () => (await parts.list(null)).some((one) => one.received_bytes === 10));
    await parts.stop();
    for (const one of await ended)
      expect(one).toMatchObject({ status: "rejected", reason: { code: "shutting_down" } });
    expect(parts.begin(sent, offer)).rejects.toMatchObject({ code: "shutting_down" });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("of parts that come at the same time one is taken, and none is mixed with another", async () => {
  const folder = await mkdtemp(join(tmpdir(), "input-parts-"));
  const size = 500_000;
  try {
    const parts = createInputParts(folder);
    const id = createUploadId();
    await parts.begin(id, { owner: null, name: "a.zip", files: 1, bytes: size, parameters: "" });
    /** In small pieces, the n-th of letters of its own. */
    const bodyOf = (letter: number) =>
      new ReadableStream<Uint8Array>({
        type: "bytes",
        start: (controller) => {
          for (let at = 0; at < 50; at++) controller.enqueue(new Uint8Array(size / 50).fill(letter));
          controller.close();
        },
      });
    const { signal } = new AbortController();
    const sent = await Promise.allSettled(
      Array.from({ length: 12 }, (_, at) =>
        parts.append(id, null, { offset: 0, body: bodyOf(65 + at), signal }),
      ),
    );
    expect(sent.filter(({ status }) => status === "fulfilled").length).toBeLessThanOrEqual(1);
    const [state] = await parts.list(null);
    const bytes = await Bun.file(join(folder, id, "file", "input")).bytes();
    expect(bytes.length).toBe(state?.received_bytes as number);
    // What a stopped one left is the beginning: the next goes on behind it, or not at all.
    const runs = new Set(bytes);
    expect(runs.size).toBeLessThanOrEqual(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a page that would create what exists is refused before any of it is sent", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const page = await makeImage(1);
  const wanted = { ...RAW, name: "쪽.png" };
  const first = client(server, createUploadId());
  await first.begin(page.length, wanted);
  await first.append(0, new Uint8Array(page));
  expect(await first.commit(hashBytes(page))).toMatchObject({ status: 200, rows: 1 });
  const second = client(server, createUploadId());
  expect(await second.begin(page.length, wanted)).toMatchObject({ status: 409 });
  expect(await second.begin(page.length, { ...wanted, name: "쪽.pdf" })).toMatchObject({ status: 409 });
  expect(await second.begin(page.length, { ...wanted, mode: "append" })).toMatchObject({ status: 200 });
});
