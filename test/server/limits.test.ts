/** How much one caller, and all of them, may ask at once. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { dirname } from "node:path";
import { connectHttp } from "../../src/client/remote/http.ts";
import { createToken } from "../../src/lake/tokens.ts";
import type { Role } from "../../src/schema/token.ts";
import { withSmallBody } from "../../src/server/http/small-body.ts";
import { makeWorld, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

/** More than the buffers of both sides of a connection take. */
const SIZE = 64 * 1024 * 1024;

const running: ServeProcess[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of running.splice(0)) await server.stop("SIGKILL");
});

async function tokenOf({ tokens }: World, name: string, role: Role = "reader"): Promise<string> {
  return (await createToken(tokens, { name, role, nowMs: Date.now(), expiresMs: undefined })).token;
}

/** A request whose body does not come to its end. One that is answered found no place, and is sent again. */
function hang(url: string, token: string): void {
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () =>
    socket.write(
      `POST /search HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{`,
    ),
  );
  socket.on("error", () => {});
  socket.once("data", () => {
    socket.destroy();
    hang(url, token);
  });
  sockets.push(socket);
}

async function ask(url: string, path: string, token: string) {
  const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  const { error } = (await response.json()) as { error?: { code: string } };
  return { status: response.status, code: error?.code, retryAfter: response.headers.get("retry-after") };
}

/** Asks for something and does not read the answer; gives the socket when its beginning is there. */
function leaveUnread(url: string, path: string, token: string): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect(Number(new URL(url).port), "127.0.0.1", () =>
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`),
  );
  socket.once("data", (bytes) => {
    socket.pause();
    if (bytes.toString("latin1").startsWith("HTTP/1.1 200")) resolve(socket);
    else reject(new Error(bytes.toString("latin1")));
  });
  socket.on("error", () => {});
  sockets.push(socket);
  return promise;
}

const BUSY = { status: 503, code: "busy", retryAfter: "1" };

test("who has too many requests in work waits; others do not, and all are let in again", async () => {
  const world = await makeWorld();
  const [kim, lee] = [await tokenOf(world, "kim"), await tokenOf(world, "lee")];
  world.env.DATALAKE_SERVE_MAX_REQUESTS_PER_TOKEN = "2";
  world.env.DATALAKE_SERVE_MAX_REQUESTS = "3";
  const server = await startServe(world);
  running.push(server);
  const { url } = server;
  hang(url, kim);
  hang(url, kim);
  await until(async () => (await ask(url, "/info", kim)).code === "busy");
  expect(await ask(url, "/info", kim)).toEqual(BUSY);
  expect((await ask(url, "/info", lee)).status).toBe(200);
  // The third of all: now there is no place for anybody, but the monitor.
  hang(url, lee);
  await until(async () => (await ask(url, "/info", lee)).code === "busy");
  expect(await ask(url, "/info", lee)).toEqual(BUSY);
  expect((await ask(url, "/health", "")).status).toBe(200);
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const token of [kim, lee]) await until(async () => (await ask(url, "/info", token)).status === 200);
});

test("an answer counts until it is read or its reader has gone: a file, rows", async () => {
  const world = await makeWorld();
  const [kim, lee] = [await tokenOf(world, "kim"), await tokenOf(world, "lee")];
  const root = await tokenOf(world, "root", "admin");
  const path = world.lake.layout.assetPath({ provider: "p", dataset: "d" }, "ab".repeat(32), "png");
  await mkdir(dirname(world.lake.layout.asset(path)), { recursive: true });
  await writeFile(world.lake.layout.asset(path), Buffer.alloc(SIZE));
  world.env.DATALAKE_SERVE_MAX_REQUESTS_PER_TOKEN = "2";
  const server = await startServe(world);
  running.push(server);
  const { url } = server;
  await connectHttp(url, root).send("POST", "/catalog/rebuild");
  const asset = `/assets/${path}`;
  const rows = `/query?format=ndjson&sql=${encodeURIComponent("SELECT repeat('x', 1000) FROM range(100000)")}`;
  const isLetIn = async () => (await ask(url, "/info", kim)).status === 200;
  const file = await leaveUnread(url, asset, kim);
  const table = await leaveUnread(url, rows, kim);
  expect(await ask(url, "/info", kim)).toEqual(BUSY);
  expect((await ask(url, "/info", lee)).status).toBe(200);
  file.on("data", () => {}).resume();
  await until(isLetIn);
  const other = await leaveUnread(url, asset, kim);
  expect(await ask(url, "/info", kim)).toEqual(BUSY);
  table.destroy();
  await until(isLetIn);
  // The program asks again by itself.
  await leaveUnread(url, asset, kim);
  expect(await ask(url, "/info", kim)).toEqual(BUSY);
  const answer = connectHttp(url, kim).send("GET", "/info");
  other.destroy();
  expect((await answer).status).toBe(200);
});

test("a body is there in time and small enough, or it is given up", async () => {
  const request = (
    pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void | Promise<void>,
  ) => {
    let cancelled = false;
    const cancel = () => {
      cancelled = true;
    };
    const body = new ReadableStream<Uint8Array>({ pull, cancel });
    const headers = { "content-type": "application/json" };
    const given = new Request("http://127.0.0.1/search", { method: "POST", headers, body });
    return { given, wasCancelled: () => cancelled };
  };
  const limits = { maxBytes: 1000, timeoutMs: 60_000 };
  const silent = request(() => new Promise<void>(() => {}));
  await expect(withSmallBody(silent.given, { ...limits, timeoutMs: 50 })).rejects.toMatchObject({
    code: "timeout",
  });
  const endless = request((controller) => controller.enqueue(new Uint8Array(300)));
  await expect(withSmallBody(endless.given, limits)).rejects.toMatchObject({ code: "too_large" });
  expect(endless.wasCancelled()).toBe(true);
  let left = 3;
  const right = request((controller) => {
    if (left-- === 0) controller.close();
    else controller.enqueue(new Uint8Array(300).fill(left));
  });
  const read = await withSmallBody(right.given, limits);
  expect((await read.bytes()).length).toBe(900);
});
