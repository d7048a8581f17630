import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { downloadFrom } from "../../src/client/remote/exports.ts";
import { codeOf } from "../code-of.ts";
import {
  fingerprintTree,
  makeImage,
  makeWorld,
  runProgram,
  stageUpload,
  type World,
} from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess;
let out: string;

beforeAll(async () => {
  world = await makeWorld();
  out = join(world.folder, "out");
  await mkdir(out);
  const images = await Promise.all(Array.from({ length: 12 }, (_, at) => makeImage(at)));
  await stageUpload(
    world,
    images.map((image, at) => ({ text: `글 ${at} ${"x".repeat(3000)}`, name: `${at}.jpg`, image })),
  );
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  server = await startServe(world);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  await rm(world.folder, { recursive: true, force: true });
});

const there = (argv: string[], url = server.url) => run(["download", ...argv, "--server", url]);
const here = (argv: string[]) => run(["download", ...argv], { env: world.env });

/** Runs the command both ways into folders of their own, and gives what is there afterwards. */
async function both(name: string, argv: string[], output: string) {
  const places = ["there", "here"].map((way) => join(out, `${name}-${way}`));
  const [thereFolder = "", hereFolder = ""] = places;
  for (const place of places) await mkdir(place);
  const remote = await there([...argv, "--output", join(thereFolder, output)]);
  const local = await here([...argv, "--output", join(hereFolder, output)]);
  // Progress shows where a command takes long.
  const plain = (text: string) =>
    text
      .replace(/^download {2}.*\n/gm, "")
      .replaceAll(thereFolder, "OUT")
      .replaceAll(hereFolder, "OUT");
  const told = ({ stdout, stderr, exit }: typeof remote) => ({
    exit,
    stdout: plain(stdout),
    stderr: plain(stderr),
  });
  return {
    remote: { ...told(remote), files: await fingerprintTree(thereFolder) },
    local: { ...told(local), files: await fingerprintTree(hereFolder) },
  };
}

const CASES: [name: string, output: string, argv: string[]][] = [
  ["dataset", "책", []],
  ["dataset-json", "책", ["--json"]],
  ["text", "some", ["--text", "글 1", "--limit", "2", "--json"]],
  ["parquet", "rows.parquet", ["--json"]],
  ["parquet-folder", "rows", ["--format", "parquet", "--images", "none"]],
  ["arrow", "rows.arrow", ["--task", "raw"]],
];

test("a download through a server is that of the folder, byte for byte", async () => {
  for (const [name, output, argv] of CASES) {
    const { remote, local } = await both(name, argv, output);
    expect([name, remote]).toEqual([name, local]);
    expect(remote.exit).toBe(0);
    expect(Object.keys(remote.files).length).toBeGreaterThanOrEqual(2);
  }
});

const REFUSED: [name: string, exit: number, argv: string[]][] = [
  ["unknown", 4, ["--dataset", "pagess", "--json"]],
  // One word: what is said of several depends on how long the search took.
  ["no-hit", 4, ["--text", "nothing-of-the-kind", "--json"]],
  ["column", 4, ["--column", "nothing", "--json"]],
  ["path", 2, ["--json-path", "$.a", "--json"]],
];

test("what cannot be downloaded is told as in a folder, and nothing is left", async () => {
  for (const [name, exit, argv] of REFUSED) {
    const { remote, local } = await both(name, argv, "rows");
    expect([name, remote]).toEqual([name, local]);
    expect([name, remote.exit]).toEqual([name, exit]);
  }
  await writeFile(join(out, "taken.parquet"), "mine");
  const taken = ["--output", join(out, "taken.parquet"), "--json"];
  expect(await there(taken)).toEqual(await here(taken));
  expect(await readFile(join(out, "taken.parquet"), "utf8")).toBe("mine");
});

test("named rows are the same rows in a folder and through a server, also after an append", async () => {
  const found = await run(["search", "--text", "글 1", "--json"], { env: world.env });
  const rows = (JSON.parse(found.stdout).rows as Record<string, string>[]).reverse();
  const keys = rows.map((row) =>
    ["provider", "dataset", "task", "variant", "upload_id", "source_row"].map((name) => row[name]).join("/"),
  );
  expect(keys.length).toBe(3);
  const list = join(out, "rows.txt");
  await writeFile(list, `${keys.join("\n")}\n\n${keys[0]}`);
  const names = ["--rows", list, "--format", "parquet", "--json"];
  const before = await both("named", names, "named");
  expect(before.remote).toEqual(before.local);
  expect(JSON.parse(before.local.stdout)).toMatchObject({ rows: 3 });

  await stageUpload(world, [{ text: "글 100", name: "100.jpg", image: await makeImage(100) }], {
    mode: "append",
  });
  await runProgram(world, ["process", "start", "--wait", "--quiet", "--server", server.url]);
  const texts = async () => {
    const told = await run(["search", "--rows", list, "--json"], { env: world.env });
    return (JSON.parse(told.stdout).rows as { text: string }[]).map(({ text }) => text.slice(0, 4).trim());
  };
  expect(await texts()).toEqual(["글 1", "글 10", "글 11"]);

  const cases: [content: string, exit: number, part: string][] = [
    [`${keys[0]}\n${keys[1]?.replace(/\d+$/, "99")}`, 4, "1 of the 2 rows that are named of"],
    ["", 2, "name no row"],
    [`${keys[0]}\nwhat`, 2, 'row 2 of the list, "what", is no key'],
  ];
  for (const [content, exit, part] of cases) {
    await writeFile(list, content);
    const told = await both("odd", ["--rows", list], "odd");
    expect(told.remote).toEqual(told.local);
    expect(told.local).toMatchObject({ exit, files: {} });
    expect(told.local.stderr).toContain(part);
    await Promise.all(["there", "here"].map((way) => rm(join(out, `odd-${way}`), { recursive: true })));
  }
  const beside = await here(["--rows", list, "--task", "raw", "--output", join(out, "beside")]);
  expect(beside).toMatchObject({ exit: 2 });
  const folder = await here(["--rows", out, "--output", join(out, "beside")]);
  expect([folder.exit, folder.stderr]).toEqual([2, expect.stringContaining("is a folder")]);
  const absent = await here(["--rows", join(out, "none"), "--output", join(out, "beside")]);
  expect(absent).toMatchObject({ exit: 4 });
});

test("paths into the lake need the lake", async () => {
  const argv = ["--images", "reference", "--json", "--output", join(out, "referred")];
  const refused = await there(argv);
  expect(refused.exit).toBe(2);
  expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "usage" } });
  expect((await here(argv)).exit).toBe(0);
});

/** A line to the server on which `file` answers may be changed; counts the bytes of files that passed. */
function startLine(change: (response: Response) => Response | Promise<Response>) {
  const line = { bytes: 0, ranges: [] as (string | null)[], url: "", stop: async () => {} };
  const proxy = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url);
      const response = await fetch(`${server.url}${pathname}${search}`, {
        method: request.method,
        headers: { ...pick(request.headers), host: new URL(server.url).host },
        body: request.method === "POST" ? await request.text() : null,
      });
      if (!pathname.includes("/files/")) {
        return new Response(await response.text(), { status: response.status, headers: JSON_TYPE });
      }
      line.ranges.push(request.headers.get("range"));
      const changed = await change(response);
      return changed;
    },
  });
  line.url = `http://127.0.0.1:${proxy.port}`;
  line.stop = () => proxy.stop(true);
  return line;
}

const JSON_TYPE = { "content-type": "application/json" };

function pick(headers: Headers): Record<string, string> {
  const names = ["range", "if-range", "content-type"];
  return Object.fromEntries(
    names.map((name) => [name, headers.get(name) ?? ""]).filter(([, value]) => value),
  );
}

/** The answer, broken off behind so many bytes. */
async function cut(response: Response, after: number): Promise<Response> {
  const bytes = await response.bytes();
  const { status } = response;
  const headers = { "content-range": response.headers.get("content-range") ?? "" };
  if (bytes.length <= after) return new Response(bytes, { status, headers });
  const body = new ReadableStream({
    start: async (controller) => {
      controller.enqueue(bytes.subarray(0, after));
      await Bun.sleep(5); // so that it leaves before the end does
      controller.error();
    },
  });
  return new Response(body, { status, headers });
}

const request = (output: string) =>
  ({ query: {}, output, format: "dataset", images: "embed", skipMissing: false }) as const;
/** What such a request brings, as the folder has it now. */
async function expected(name: string) {
  const output = join(out, `${name}-here`, "책");
  expect((await here(["--output", output])).exit).toBe(0);
  return fingerprintTree(output);
}
const options = (url: string) => ({ url, engine: "duckdb", signal: new AbortController().signal }) as const;

test("a line that breaks again and again still brings the whole, by parts", async () => {
  const line = startLine((response) => cut(response, 20_000));
  const output = join(out, "broken");
  await downloadFrom(request(output), options(line.url));
  await line.stop();
  expect(line.ranges.filter((range) => range !== null).length).toBeGreaterThan(1);
  expect(await fingerprintTree(output)).toEqual(await expected("broken"));
  expect((await readdir(out)).filter((name) => name.startsWith("."))).toEqual([]);
});

test("a line that falls silent is taken up anew", async () => {
  const line = startLine(async (response) => {
    const bytes = await response.bytes();
    const { status } = response;
    const headers = { "content-range": response.headers.get("content-range") ?? "" };
    // However often a busy machine has it begin again before its first bytes have come.
    if (bytes.length < 5000 || line.ranges.includes("bytes=3000-"))
      return new Response(bytes, { status, headers });
    const body = new ReadableStream({ start: (controller) => controller.enqueue(bytes.subarray(0, 3000)) });
    return new Response(body, { status, headers });
  });
  const output = join(out, "silent");
  await downloadFrom(request(output), { ...options(line.url), stallMs: 300 });
  await line.stop();
  expect(line.ranges).toContain("bytes=3000-");
  expect(await fingerprintTree(output)).toEqual(await expected("silent"));
});

test("a command that is run again goes on where the first one was stopped, though the server was started anew", async () => {
  const stop = new AbortController();
  const output = join(out, "again");
  const first = downloadFrom(request(output), {
    ...options(server.url),
    signal: stop.signal,
    onBytes: (done) => {
      if (done > 0) stop.abort();
    },
  });
  expect(await codeOf(first)).toBe("cancelled");
  const parts = (await readdir(join(out, ".again.download"))).filter((name) => name.endsWith(".part"));
  expect(parts.length).toBeGreaterThan(0);
  await server.stop();
  server = await startServe(world);

  const line = startLine((response) => response);
  // The address is another than before, and so is the export; the parts are known by their content.
  await downloadFrom(request(output), options(line.url));
  await line.stop();
  expect(line.ranges.length).toBeLessThanOrEqual(4);
  expect(await fingerprintTree(output)).toEqual(await expected("again"));
  await rm(output, { recursive: true });
  expect((await there(["--output", output])).exit).toBe(0);
});

test("what comes damaged is not taken", async () => {
  const line = startLine(async (response) => {
    const bytes = await response.bytes();
    bytes[bytes.length >> 1] = ~(bytes[bytes.length >> 1] ?? 0);
    return new Response(bytes);
  });
  const output = join(out, "damaged");
  expect(await codeOf(downloadFrom(request(output), options(line.url)))).toBe("corrupt");
  await line.stop();
  expect(await readdir(out)).not.toContain("damaged");
});

test("who gives up while the rows are put together stops the server's work", async () => {
  const stop = new AbortController();
  let id = "";
  const running = downloadFrom(request(join(out, "given-up")), {
    ...options(server.url),
    signal: stop.signal,
    onRows: () => {
      id = JSON.parse(readFileSync(join(out, ".given-up.download", "export.json"), "utf8")).export_id;
      stop.abort();
    },
  });
  expect(await codeOf(running)).toBe("cancelled");
  expect(id).toStartWith("e");
  // Told at once; gone when its process has ended.
  await until(async () => (await fetch(`${server.url}/exports/${id}`)).status === 404);
  expect((await readdir(out)).filter((name) => name.includes("given-up"))).toEqual([]);
});
