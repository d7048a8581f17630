import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { unmarkText } from "../../src/lake/end-mark.ts";
import { makeWorld, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { run } from "./harness.ts";

setDefaultTimeout(120_000);

/** Two equal lakes: commands go to one through its server, to the other through its folder. */
let served: World;
let local: World;
let server: ServeProcess;

beforeAll(async () => {
  [served, local] = await Promise.all([makeWorld(), makeWorld()]);
  for (const world of [served, local]) await stageUpload(world, [{ text: "a" }]);
  server = await startServe(served);
});

afterAll(async () => {
  await server.stop("SIGKILL");
  for (const { folder } of [served, local]) await rm(folder, { recursive: true, force: true });
});

/** Runs the command both ways. */
async function both(...argv: string[]) {
  const remote = await run([...argv, "--server", server.url]);
  const here = await run([...argv, "--lake", local.lake.root]);
  return { remote, here };
}

const CASES: [name: string, exit: number, argv: string[]][] = [
  ["a provider is made", 0, ["provider", "create", "aihub", "--description", "공개 데이터"]],
  ["a name is kept in NFC", 0, ["provider", "create", "허브".normalize("NFD"), "--json"]],
  ["an existing provider is a conflict", 5, ["provider", "create", "aihub", "--json"]],
  ["a wrong name is refused", 2, ["provider", "create", "a/b", "--json"]],
  ["a name that a path would swallow is refused", 2, ["provider", "create", "..", "--json"]],
  ["providers are listed", 0, ["provider", "list"]],
  ["providers are listed as JSON", 0, ["provider", "list", "--json"]],
  ["a used provider stays", 5, ["provider", "remove", "hub", "--json"]],
  ["an unused provider goes", 0, ["provider", "remove", "aihub"]],
  ["an unknown provider is not found", 4, ["provider", "remove", "aihub", "--json"]],
  ["a task of the usual shape is made", 0, ["task", "create", "layout", "--json"]],
  [
    "a task with its own fields is made",
    0,
    ["task", "create", "vqa", "--required", "lang,level", "--allow", "lang=ko,en", "--description", "질문"],
  ],
  ["a task named raw is refused", 5, ["task", "create", "raw", "--json"]],
  ["a wrong field is named", 2, ["task", "create", "bad", "--required", "Not Good", "--json"]],
  ["tasks are listed", 0, ["task", "list"]],
  ["tasks are listed as JSON", 0, ["task", "list", "--json"]],
  ["a task goes", 0, ["task", "remove", "vqa", "--json"]],
];

test("config does through a server what it does in a folder: same output, same exit code", async () => {
  for (const [name, exit, argv] of CASES) {
    const { remote, here } = await both("config", ...argv);
    const named = (text: string) =>
      `${name}: ${text.replaceAll(/u[0-9a-f]{32}/g, "UPLOAD")}`.replaceAll(local.lake.root, served.lake.root);
    expect(named(String(remote.exit))).toBe(named(String(exit)));
    expect(named(remote.stdout)).toBe(named(here.stdout));
    expect(named(remote.stderr)).toBe(named(here.stderr));
    expect(remote.exit).toBe(here.exit);
  }
  const [there, here] = await Promise.all(
    [served, local].map(async ({ lake }) => unmarkText(await readFile(lake.layout.taxonomy, "utf8"))),
  );
  expect(there).toBe(here as string);
});

test("a token's role holds for remote work: readers read and take, only administrators change providers", async () => {
  const world = await makeWorld();
  const folder = world.folder;
  await stageUpload(world, [{ text: "a" }], { variant: "text" });
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  const files: Record<string, string> = {};
  for (const role of ["reader", "curator", "admin"]) {
    const { stdout } = await runProgram(world, ["token", "create", role, "--role", role, "--json"]);
    files[role] = join(folder, `${role}.token`);
    await writeFile(files[role], (JSON.parse(stdout) as { token: string }).token, { mode: 0o600 });
  }
  const guarded = await startServe(world);
  try {
    const as = (role: string, ...argv: string[]) =>
      run([...argv, "--server", guarded.url, "--json", "--token-file", files[role] ?? ""]);
    const codeOf = ({ stdout }: { stdout: string }) => JSON.parse(stdout).error?.code ?? "done";
    expect(codeOf(await run(["search", "--server", guarded.url, "--json"]))).toBe("unauthorized");
    expect(codeOf(await as("reader", "search"))).toBe("done");
    expect(codeOf(await as("reader", "sql", "SELECT 1 AS a"))).toBe("done");
    expect(codeOf(await as("reader", "config", "task", "list"))).toBe("done");
    expect(codeOf(await as("reader", "download", "--output", join(folder, "taken")))).toBe("done");
    expect(codeOf(await as("reader", "catalog", "rebuild"))).toBe("forbidden");
    expect(codeOf(await as("curator", "catalog", "rebuild"))).toBe("done");
    expect(codeOf(await as("curator", "config", "provider", "create", "x"))).toBe("forbidden");
    expect(codeOf(await as("admin", "config", "provider", "create", "x"))).toBe("done");
  } finally {
    await guarded.stop("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
});

test("a server that is not there is exit 6", async () => {
  const { exit, stdout } = await run(["config", "task", "list", "--server", "http://127.0.0.1:1", "--json"]);
  expect(exit).toBe(6);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: "server_unreachable" } });
});

test("the routes take what the commands send, and no more", async () => {
  const post = (path: string, body: unknown) =>
    fetch(`${server.url}${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  expect((await post("/config/providers/x", { colour: "red" })).status).toBe(400);
  expect((await post("/config/tasks/x", { required: "lang" })).status).toBe(400);
  expect((await post("/config/tasks/x%2Fy", {})).status).toBe(400);
  const config = (await (await fetch(`${server.url}/config`)).json()) as Record<string, object>;
  expect(Object.keys(config)).toEqual(["providers", "tasks"]);
});

test("a view for a partition that is not there is taken with a notice, in a folder and through a server", async () => {
  const edit = (...argv: string[]) => both("config", "task", "edit", "raw", "--view", ...argv);
  const told = async (...argv: string[]) => {
    const { remote, here } = await edit(...argv);
    expect([remote.exit, here.exit]).toEqual([0, 0]);
    expect(remote.stderr).toBe(here.stderr);
    return here.stderr;
  };
  expect(await told("text-layer", "--partition", "hub/pages/image")).toBe("");
  expect(await told("text-layer", "--partition", "hub/pages/imag")).toContain(
    "the task raw has no partition hub/pages/imag; did you mean hub/pages/image? If not, the view is for one that comes later",
  );
  const { remote, here } = await both("config", "task", "list");
  expect(remote.stdout).toBe(here.stdout);
  expect(here.stdout).toMatch(/raw +hub\/pages\/imag +text-layer/);
  expect(await told("none", "--partition", "hub/pages/imax")).toContain(
    "hub/pages/imax of the task raw had no view of its own; did you mean hub/pages/imag",
  );
  for (const name of ["imag", "image"])
    expect(await told("none", "--partition", `hub/pages/${name}`)).toBe("");
});
