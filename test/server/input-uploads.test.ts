/** Whole uploads by one request, against a real server. */
import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { createToken } from "../../src/lake/tokens.ts";
import { openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import { createUploadId } from "../../src/schema/names.ts";
import { zipFiles } from "../../src/web/upload/zip.ts";
import { encryptedPdf } from "../documents/encrypt-pdf.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import { type Packed, zipOf } from "../ingest/zip-kit.ts";
import { makeImage, makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000);

const running: ServeProcess[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop("SIGKILL");
});

async function serve(world: World): Promise<ServeProcess> {
  world.env.DATALAKE_SCRATCH = join(world.folder, "scratch");
  const server = await startServe(world);
  running.push(server);
  return server;
}

interface Answer {
  status: number;
  upload_id?: string;
  rows?: number;
  task?: string;
  variant?: string;
  notices?: string[];
  error?: { code: string; message: string };
}

async function put(
  server: ServeProcess,
  parameters: Record<string, string> | [string, string][],
  body: string | Uint8Array<ArrayBuffer>,
  { id = createUploadId(), headers = {} }: { id?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const query = new URLSearchParams(parameters);
  const response = await fetch(`${server.url}/uploads/${id}/input?${query}`, {
    method: "PUT",
    headers,
    body,
  });
  return { status: response.status, ...((await response.json()) as object) };
}

const RAW = { type: "raw", provider: "hub", dataset: "한꺼번에" };

/** Parquet as `datasets` writes it: a struct of bytes and path, and a text. */
async function makePages(world: World, images: (Buffer | string)[]): Promise<Uint8Array<ArrayBuffer>> {
  const database = await openDatabase({ scratch: join(world.folder, "making"), threads: 1 });
  const path = join(world.folder, "making", "pages.parquet");
  const values = images.map((image, at) => {
    const bytes = typeof image === "string" ? "NULL::BLOB" : `from_hex('${image.toString("hex")}')`;
    const name = typeof image === "string" ? image : `쪽-${at}.jpg`;
    return `({'bytes': ${bytes}, 'path': ${quoteText(name)}}, '글 ${at}')`;
  });
  await database.run(
    `COPY (SELECT * FROM (VALUES ${values.join(", ")}) t(image, text)) TO ${quoteText(path)} (FORMAT parquet)`,
  );
  database.close();
  return new Uint8Array(await Bun.file(path).arrayBuffer());
}

/** Uploads by the part of staging they are in, and what the server's scratch holds of inputs. */
async function left(world: World): Promise<{ incoming: string[]; pending: string[]; inputs: string[] }> {
  const ids = async (folder: string) => (await readdir(folder)).filter((name) => name.startsWith("u"));
  const scratch = join(world.folder, "scratch");
  const folders = (await readdir(scratch).catch(() => [])).filter((name) => name.startsWith("inputs-"));
  const inputs = await Promise.all(folders.map((name) => readdir(join(scratch, name))));
  const { incoming, pending } = world.lake.layout;
  return { incoming: await ids(incoming), pending: await ids(pending), inputs: inputs.flat() };
}

test("a small file that becomes too many rows, or too many bytes, is refused by the setting's name", async () => {
  const world = await makeWorld();
  world.env.DATALAKE_SERVE_MAX_UPLOAD_ROWS = "1000";
  world.env.DATALAKE_SERVE_MAX_UPLOAD_BYTES = "1MB";
  const server = await serve(world);
  const make = async (sql: string) => {
    const database = await openDatabase({ scratch: join(world.folder, "making"), threads: 1 });
    const path = join(world.folder, "making", `${crypto.randomUUID()}.parquet`);
    await database.run(`COPY (${sql}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`);
    database.close();
    return { path, bytes: new Uint8Array(await Bun.file(path).arrayBuffer()) };
  };
  const rows = await make("SELECT 'a' AS text FROM range(2000)");
  const texts = await make("SELECT repeat('a', 10000) AS text FROM range(900)");
  const images = await make(
    "SELECT {'bytes': repeat('a', 10000)::BLOB, 'path': 'a.jpg'} AS image FROM range(900)",
  );
  for (const [{ bytes, path }, setting] of [
    [rows, "serve.max_upload_rows"],
    [texts, "serve.max_upload_bytes"],
    [images, "serve.max_upload_bytes"],
  ] as const) {
    const { status, error } = await put(server, RAW, bytes);
    expect({ setting, status, code: error?.code }).toEqual({ setting, status: 413, code: "too_large" });
    expect(error?.message).toContain(setting);
    if (setting !== "serve.max_upload_rows") continue;
    const flags = ["--type", "raw", "--provider", "hub", "--dataset", "b", "--server", server.url, "--json"];
    const sent = await runProgram(world, ["upload", path, ...flags]);
    expect(sent.stdout).toContain(setting);
  }
  expect(await left(world)).toEqual({ incoming: expect.any(Array), pending: [], inputs: [] });
});

test("a file with images, then labels for them, are staged, processed and found", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const pages = await makePages(world, [await makeImage(1), await makeImage(2), Buffer.from("no image")]);
  const raw = await put(server, { ...RAW, max_rejects: "50%", description: "세 쪽" }, pages);
  expect(raw).toMatchObject({ status: 200, task: "raw", variant: "image", rows: 3 });
  const labels = [1, 2].map((at) => JSON.stringify({ source_name: `쪽-${at - 1}.jpg`, label: { 글: at } }));
  const key = { ...RAW, type: "task", task: "ocr", variant: "words", meta: "lang=ko", format: "jsonl" };
  expect(await put(server, key, labels.join("\n"))).toMatchObject({ status: 200, task: "ocr", rows: 2 });
  expect(await left(world)).toMatchObject({ incoming: [], inputs: [] });
  const done = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(JSON.parse(done.stdout).uploads).toMatchObject([
    { status: "completed", rows: 2, rejected: 1 },
    { status: "completed", rows: 2, rejected: 0 },
  ]);
  const found = await runProgram(world, ["search", "--task", "ocr", "--json"]);
  const { rows } = JSON.parse(found.stdout);
  expect(rows).toMatchObject([{ lang: "ko", width: 24 }, { source_name: "쪽-1.jpg" }]);
});

test("uploads are processed in the order in which they came, whatever their ids", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const pages = await makePages(world, [await makeImage(1)]);
  await put(server, RAW, pages, { id: `u${"f".repeat(32)}` });
  const label = JSON.stringify({ source_name: "쪽-0.jpg", label: 1 });
  const key = { ...RAW, type: "task", task: "ocr", variant: "words", meta: "lang=ko", format: "jsonl" };
  await put(server, key, label, { id: `u${"0".repeat(32)}` });
  const done = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(JSON.parse(done.stdout).uploads).toMatchObject([
    { task: "raw", status: "completed" },
    { task: "ocr", status: "completed" },
  ]);
});

test("the same upload sent again is the same upload, on its way and done", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const pages = await makePages(world, [await makeImage(1)]);
  const id = createUploadId();
  const append = { ...RAW, mode: "append" };
  const first = await put(server, append, pages, { id });
  expect(first).toMatchObject({ status: 200, upload_id: id, rows: 1 });
  expect(await put(server, append, pages, { id })).toEqual(first);
  expect((await left(world)).pending).toEqual([id]);
  await runProgram(world, ["process", "start", "--wait"]);
  expect(await put(server, append, pages, { id })).toEqual(first);
  expect((await left(world)).pending).toEqual([]);
});

test("the same id for another place is refused", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const pages = await makePages(world, [await makeImage(1)]);
  const id = createUploadId();
  expect((await put(server, RAW, pages, { id })).status).toBe(200);
  const other = await put(server, { ...RAW, dataset: "anders" }, pages, { id });
  expect(other).toMatchObject({ status: 409, error: { code: "conflict" } });
  expect(other.error?.message).toContain("hub/한꺼번에/raw/image");
});

test("rows whose images are only named are refused at once, and why rows were rejected can be asked", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const named = await makePages(world, ["/somewhere/쪽-1.png", "/somewhere/쪽-2.png"]);
  const refused = await put(server, { ...RAW, max_rejects: "100%" }, named);
  expect(refused.error).toMatchObject({ code: "too_many_rejects" });
  expect((await left(world)).pending).toEqual([]);
  const mixed = await makePages(world, [await makeImage(1), Buffer.from("no image"), "/somewhere/쪽-2.png"]);
  const { upload_id: id = "" } = await put(server, { ...RAW, max_rejects: "90%" }, mixed);
  const done = await runProgram(world, ["process", "start", "--wait"]);
  expect(done.exit).toBe(3);
  expect(done.stdout).toContain(`datalake process rejects ${id}`);
  const { DATALAKE_LAKE: _, ...env } = world.env;
  const there = await runProgram({ ...world, env }, [
    "process",
    "rejects",
    id,
    "--json",
    "--server",
    server.url,
  ]);
  const here = await runProgram(world, ["process", "rejects", id, "--json"]);
  expect(there).toEqual(here);
  expect(JSON.parse(here.stdout)).toMatchObject({
    rejected: 2,
    rejects: [
      { source_row: 1, source_name: "쪽-1.jpg" },
      { source_row: 2, source_name: "쪽-2.png" },
    ],
  });
  const table = await runProgram(world, ["process", "rejects", id, "--limit", "1"]);
  expect(table.stdout).toMatch(/쪽-1.jpg[\s\S]*and 1 more row/);
  expect((await runProgram(world, ["process", "rejects", createUploadId()])).exit).toBe(4);
  expect((await runProgram(world, ["process", "rejects", "nope"])).exit).toBe(2);
});

test("files of the server are not read, whatever the rows name", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const secret = join(world.folder, "secret.jpg");
  await writeFile(secret, await makeImage(7));
  const rows = (column: string, path: string) => JSON.stringify({ [column]: path, text: "x" });
  for (const line of [rows("image_path", secret), rows("file", secret), rows("image", `file://${secret}`)]) {
    const answer = await put(server, { ...RAW, format: "jsonl" }, line);
    expect(answer).toMatchObject({ status: 422, error: { code: "invalid_input" } });
  }
  const pages = await makePages(world, [
    await makeImage(1),
    secret,
    `file://${secret}`,
    "../../../secret.jpg",
  ]);
  expect((await put(server, { ...RAW, max_rejects: "3" }, pages)).status).toBe(200);
  const done = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(JSON.parse(done.stdout).uploads).toMatchObject([{ rows: 1, rejected: 3 }]);
});

test("a zip, a document and an image are taken as they are, and read nothing else of the server", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const secret = join(world.folder, "secret.jpg");
  await writeFile(secret, await makeImage(7));
  const [first, second] = await Promise.all([1, 2].map((seed) => makeImage(seed)));
  const body = (entries: Packed[]) => new Uint8Array(zipOf(entries));
  const pages = body([
    { name: "Training/가.jpg", data: first ?? "", deflate: true },
    { name: "Training/가.json", data: '{"글": 1}' },
    { name: "Test/나.jpg", data: second ?? "" },
  ]);
  const raw = await put(server, { ...RAW, split_from_folder: "true" }, pages);
  expect(raw).toMatchObject({ status: 200, rows: 2, variant: "image" });
  const labels = body([{ name: "가.json", data: '{"낱말": 2}' }]);
  const key = { ...RAW, type: "task", task: "ocr", variant: "zip", meta: "lang=ko" };
  expect(await put(server, key, labels)).toMatchObject({ status: 200, rows: 1 });
  const image = new Uint8Array(await makeImage(3));
  const one = await put(server, { ...RAW, mode: "append", name: "다.png" }, image);
  expect(one).toMatchObject({ status: 200, rows: 1 });
  const square = { content: "0 0 9 9 re f", box: [0, 0, 99, 99] as const };
  const document = new Uint8Array(pdfOf([square, { ...square, content: "0 0 50 50 re f" }]));
  const paged = await put(server, { ...RAW, dataset: "계약", name: "계약.pdf" }, document);
  expect(paged).toMatchObject({ status: 200, rows: 2 });
  const lines = ["a.jpg", secret, "../../secret.jpg"].map((path) => JSON.stringify({ image_path: path }));
  const table = body([
    { name: "a.jpg.bin", data: "x" },
    { name: "rows.jsonl", data: lines.join("\n") },
  ]);
  const named = await put(server, { ...RAW, dataset: "names", variant: "image", max_rejects: "100%" }, table);
  expect(named.error).toMatchObject({ code: "too_many_rejects" });
  expect(await left(world)).toMatchObject({ incoming: [], inputs: [] });
  const done = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(JSON.parse(done.stdout).uploads.map(({ status, rows }: Answer) => [status, rows])).toEqual([
    ["completed", 2],
    ["completed", 1],
    ["completed", 1],
    ["completed", 2],
  ]);
  const found = await runProgram(world, ["search", "--task", "raw", "--json"]);
  const rows = JSON.parse(found.stdout).rows as Record<string, unknown>[];
  expect(
    rows.map(({ source_name, label, split }) => [source_name, label ?? null, split ?? null]).sort(),
  ).toEqual([
    ["Test/나.jpg", null, "test"],
    ["Training/가.jpg", '{"글": 1}', "train"],
    ["계약.pdf#page=1", null, null],
    ["계약.pdf#page=2", null, null],
    ["다.png", null, null],
  ]);
  const labelled = await runProgram(world, ["search", "--task", "ocr", "--json"]);
  expect(JSON.parse(labelled.stdout).rows).toMatchObject([
    { source_name: "Training/가.jpg", label: '{"낱말": 2}' },
  ]);
});

test("several zips that the page packs are one upload, with the password of a document in one of them", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const page = { content: "0 0 9 9 re f", box: [0, 0, 99, 99] as const };
  const locked = encryptedPdf([page], { user: "비밀", owner: "own" });
  const files = {
    "라벨.zip": [{ name: "1.json", data: '{"글": 1}' }],
    "원천.zip": [
      { name: "1.jpg", data: await makeImage(1), deflate: true },
      { name: "2.pdf", data: locked },
    ],
  };
  const body = await zipFiles(
    Object.entries(files).map(([path, entries]) => ({
      path,
      content: new Blob([new Uint8Array(zipOf(entries))]),
    })),
  );
  const bytes = new Uint8Array(await body.arrayBuffer());
  const headers = { "x-document-password": encodeURIComponent("비밀") };
  const alone = await put(server, { ...RAW, name: "원천.zip" }, bytes, { headers });
  expect(alone).toMatchObject({ status: 415, error: { code: "unsupported_format" } });
  const staged = await put(server, { ...RAW, name: "원천.zip", packed: "true" }, bytes, { headers });
  expect(staged).toMatchObject({ status: 200, rows: 2, variant: "image" });
  await runProgram(world, ["process", "start", "--wait", "--json"]);
  const found = await runProgram(world, ["search", "--json"]);
  const rows = JSON.parse(found.stdout).rows as Record<string, unknown>[];
  expect(rows.map(({ source_name, label }) => [source_name, label ?? null]).sort()).toEqual([
    ["원천/1.jpg", '{"글": 1}'],
    ["원천/2.pdf#page=1", null],
  ]);
});

test("a zip that unpacks to more than the server takes is refused by the setting's name", async () => {
  const world = await makeWorld();
  world.env.DATALAKE_SERVE_MAX_UPLOAD_BYTES = "1MB";
  const server = await serve(world);
  const data = Buffer.concat([await makeImage(1), Buffer.alloc(700_000)]);
  const names = ["a.jpg", "b.jpg"];
  const body = new Uint8Array(zipOf(names.map((name) => ({ name, data, deflate: true }))));
  const { status, error } = await put(server, RAW, body);
  expect({ status, code: error?.code }).toEqual({ status: 413, code: "too_large" });
  expect(error?.message).toContain("serve.max_upload_bytes");
});

test("what cannot be taken is refused in one sentence, and nothing of it stays", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const pages = await makePages(world, [await makeImage(1)]);
  const wrong: [Record<string, string>, Uint8Array<ArrayBuffer> | string, string, RegExp][] = [
    [{ type: "raw", provider: "hub" }, pages, "usage", /dataset/],
    [{ ...RAW, colour: "red" }, pages, "usage", /colour/],
    [{ ...RAW, mode: "merge" }, pages, "usage", /mode: is none of create/],
    [{ ...RAW, meta: "lang=ko" }, pages, "usage", /lang/],
    [{ ...RAW, dataset: "../d" }, pages, "invalid_name", /dataset/],
    [{ ...RAW, provider: "nobody" }, pages, "not_found", /hub/],
    [{ ...RAW, type: "task", task: "ocr", variant: "v" }, pages, "usage", /lang/],
    [RAW, "neither parquet nor arrow", "unsupported_format", /format=jsonl/],
    [RAW, pages.slice(0, -20), "invalid_input", /input/],
    [{ ...RAW, format: "csv" }, "text\n", "empty_input", /input.csv has no rows/],
    [{ ...RAW, format: "zip" }, pages, "usage", /format/],
    [{ ...RAW, name: "../x.zip" }, pages, "usage", /name: is not the name of a file/],
    [{ ...RAW, name: ".." }, pages, "usage", /name/],
    [RAW, new Uint8Array(zipOf([{ name: "../x.jpg" }])), "invalid_input", /points outside the archive/],
    [RAW, new Uint8Array(zipOf([{ name: "a.jpg" }])).slice(0, 50), "invalid_input", /no zip, or not whole/],
  ];
  for (const [parameters, body, code, message] of wrong) {
    const { error } = await put(server, parameters, body);
    expect({ parameters, code: error?.code }).toEqual({ parameters, code });
    expect(error?.message).toMatch(message);
    expect(error?.message).not.toContain(world.folder);
  }
  expect(await put(server, RAW, pages, { headers: { "x-sha256": "0".repeat(64) } })).toMatchObject({
    status: 422,
  });
  expect((await put(server, RAW, pages, { headers: { "x-sha256": "zz" } })).error?.code).toBe("usage");
  expect((await put(server, RAW, pages, { id: "..%2f..%2fetc" })).error?.code).toBe("usage");
  expect(await left(world)).toEqual({ incoming: [], pending: [], inputs: [] });
});

test("a body that breaks off, and a server that is killed, leave nothing that anybody would process", async () => {
  const world = await makeWorld();
  const first = await serve(world);
  const { port } = new URL(first.url);
  const id = createUploadId();
  const head = `PUT /uploads/${id}/input?${new URLSearchParams(RAW)} HTTP/1.1\r\nHost: 127.0.0.1\r\n`;
  const hang = () => {
    const socket = connect(Number(port), "127.0.0.1", () =>
      socket.write(`${head}Content-Length: 100000\r\n\r\n${"x".repeat(1000)}`),
    );
    socket.on("error", () => {});
    return socket;
  };
  const socket = hang();
  await until(async () => (await left(world)).inputs.length === 1);
  // The same upload is not taken twice at once.
  expect((await put(first, RAW, "x", { id })).error?.code).toBe("conflict");
  socket.destroy();
  await until(async () => (await left(world)).inputs.length === 0);
  hang();
  await until(async () => (await left(world)).inputs.length === 1);
  await first.stop("SIGKILL");
  // As a server leaves it that dies while it stages: what is there is not believed.
  const torn = join(world.lake.layout.incoming, id, "files", "00");
  await mkdir(torn, { recursive: true });
  await writeFile(join(torn, "0".repeat(64)), "torn");
  const second = await serve(world);
  const pages = await makePages(world, [await makeImage(1)]);
  expect(await put(second, RAW, pages, { id })).toMatchObject({ status: 200, upload_id: id });
  expect(await left(world)).toEqual({ incoming: [], pending: [id], inputs: [] });
  const files = await readdir(join(world.lake.layout.upload("pending", id), "files"), { recursive: true });
  expect(files).not.toContain(`00/${"0".repeat(64)}`);
});

test("only curators upload, under their own name, and it stands in the audit log", async () => {
  const world = await makeWorld();
  const nowMs = Date.now();
  const reader = await createToken(world.tokens, {
    name: "lee",
    role: "reader",
    nowMs,
    expiresMs: undefined,
  });
  const curator = await createToken(world.tokens, {
    name: "kim",
    role: "curator",
    nowMs,
    expiresMs: undefined,
  });
  const server = await serve(world);
  const pages = await makePages(world, [await makeImage(1)]);
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
  expect((await put(server, RAW, pages)).error?.code).toBe("unauthorized");
  expect((await put(server, RAW, pages, as(reader.token))).error?.code).toBe("forbidden");
  const { upload_id: id } = await put(server, RAW, pages, as(curator.token));
  const manifest = await Bun.file(join(world.lake.layout.pending, id ?? "", "upload.json")).json();
  expect(manifest.created_by).toBe("kim");
  const other = await createToken(world.tokens, {
    name: "park",
    role: "curator",
    nowMs,
    expiresMs: undefined,
  });
  const again = () => put(server, { ...RAW, mode: "append" }, pages, { ...as(other.token), id: id ?? "" });
  await until(async () => (await again()).status !== 401);
  expect((await again()).error?.code).toBe("conflict");
  const log = (await readdir(world.lake.layout.logs)).find((name) => name.startsWith("audit-")) ?? "";
  const lines = (await Bun.file(join(world.lake.layout.logs, log)).text()).trim().split("\n");
  expect(lines.map((line) => JSON.parse(line)).filter(({ outcome }) => outcome === "ok")).toMatchObject([
    { who: "kim", action: "PUT /uploads", target: `/uploads/${id}/input` },
  ]);
});

test("passwords of documents in their header, encoded or as bytes", async () => {
  const server = await serve(await makeWorld());
  const page = { content: "0 0 9 9 re f", box: [0, 0, 99, 99] as const };
  const locked = new Uint8Array(encryptedPdf([page], { user: "비밀,번호", owner: "own" }));
  const asBytes = Buffer.from("비밀%2C번호").toString("latin1");
  for (const [at, password] of [encodeURIComponent("비밀,번호"), asBytes, `wrong, ${asBytes}`].entries()) {
    const headers = { "x-document-password": password };
    expect(await put(server, { ...RAW, dataset: `d${at}` }, locked, { headers })).toMatchObject({ rows: 1 });
  }
  for (const [password, code] of [
    ["다른", "too_many_rejects"],
    ["100%", "usage"],
    ["\xff", "usage"],
  ] as const) {
    const headers = { "x-document-password": code === "usage" ? password : encodeURIComponent(password) };
    const answer = await put(server, { ...RAW, dataset: "none" }, locked, { headers });
    expect(answer.error?.code).toBe(code);
  }
});

test("what the command notes of an upload is in the answer, without a path of the server", async () => {
  const world = await makeWorld();
  const server = await serve(world);
  const page = new Uint8Array(await makeImage(1));
  const sent = (dataset: string) =>
    put(server, { type: "raw", provider: "hub", dataset, name: "쪽.png" }, page);
  expect(await sent("receipts")).toMatchObject({ status: 200, notices: [] });
  const { notices = [] } = await sent("reciepts");
  expect(notices).toEqual(["the dataset reciepts is new; one of a like name is there: receipts"]);
});
