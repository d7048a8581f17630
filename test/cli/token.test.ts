import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { loadSettings } from "../../src/config.ts";
import { userName } from "../../src/lake/account.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { openTokenStore } from "../../src/lake/token-store.ts";
import { createToken, hashToken, readTokens, revokeToken, type TokenStore } from "../../src/lake/tokens.ts";
import { KEYS, run, runAtTerminal } from "./harness.ts";

let folder = "";
let lake: Lake;
let store: TokenStore;
let env: Record<string, string>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-token-"));
  ({ lake } = await initLake(join(folder, "lake")));
  const home = join(folder, "home");
  await mkdir(home, { mode: 0o755 });
  // Where they are without a word in the settings.
  env = { DATALAKE_LAKE: lake.root, HOME: home };
  const { ownFolder: own } = await loadSettings({ env, cwd: folder });
  const found = await openTokenStore(lake, { file: undefined, own }, () => {});
  if (found === undefined) throw new Error("no place for tokens");
  store = found;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a token is shown once, and stored as a hash that only the lake's owner reads", async () => {
  const made = await run(["token", "create", "김", "--role", "curator", "--expires", "30d", "--json"], {
    env,
  });
  expect(made.exit).toBe(0);
  const { token, ...rest } = JSON.parse(made.stdout);
  expect(token).toMatch(/^dl_[\w-]{43}$/);
  expect(rest).toEqual({ name: "김", role: "curator", expires_at: expect.any(String) });
  const days = (Date.parse(rest.expires_at) - Date.now()) / 86_400_000;
  expect(Math.round(days)).toBe(30);
  const text = await readFile(store.path, "utf8");
  expect(text).not.toContain(token);
  expect(text).toContain(hashToken(token));
  expect((await stat(store.path)).mode & 0o777).toBe(0o600);
  expect(store.path).toStartWith(join(await realpath(env.HOME ?? ""), ".config/datalake/tokens/lake-"));
  expect((await stat(dirname(store.path))).mode & 0o777).toBe(0o700);
  const listed = await run(["token", "list", "--json"], { env });
  expect(listed.stdout).not.toContain(hashToken(token));
  expect(JSON.parse(listed.stdout).file).toBe(store.path);
  expect(JSON.parse(listed.stdout).tokens).toMatchObject([{ name: "김", role: "curator" }]);
  expect((await run(["token", "list"], { env })).stdout).toContain("김");
  expect((await run(["token", "revoke", "김".normalize("NFD")], { env })).exit).toBe(0);
  expect((await readTokens(store))?.tokens).toEqual([]);
  // Whoever wants the lake open again has to know the file.
  const none = (await run(["token", "list"], { env })).stdout;
  expect(none).toStartWith("No tokens are left");
  expect(none).toEndWith(`\nStored in ${store.path}.\n`);
});

test("names, roles and times that cannot be are refused, with nothing made", async () => {
  for (const [exit, ...args] of [
    [2, "create", "../x", "--role", "reader"],
    [2, "create", "lee", "--role", "root"],
    [2, "create", "lee"],
    [2, "create", "--role", "reader"],
    [2, "create", "lee", "--role", "reader", "--expires", "soon"],
    [4, "revoke", "nobody"],
    [2, "revoke"],
  ] as const) {
    const outcome = await run(["token", ...args], { env });
    expect({ args, exit: outcome.exit }).toEqual({ args, exit });
  }
  expect((await readTokens(store))?.tokens).toEqual([]);
  const twice = { name: "lee", role: "reader", nowMs: 0, expiresMs: undefined } as const;
  await createToken(store, twice);
  await expect(createToken(store, twice)).rejects.toMatchObject({ code: "conflict" });
  await revokeToken(store, "lee");
});

test("who makes and revokes tokens stands in the audit log", async () => {
  await run(["token", "create", "choi", "--role", "admin"], { env });
  await run(["token", "revoke", "choi"], { env });
  const [log = ""] = await readdir(lake.layout.logs);
  const text = await readFile(join(lake.layout.logs, log), "utf8");
  const lines = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.slice(-2)).toMatchObject([
    {
      who: userName(),
      from: "local",
      action: "datalake token create",
      target: "choi (admin)",
      outcome: "ok",
    },
    { who: userName(), from: "local", action: "datalake token revoke", target: "choi", outcome: "ok" },
  ]);
});

test("a person is asked for name and role", async () => {
  const outcome = await runAtTerminal(
    ["token", "create"],
    [
      ["Who is the token for?", "park", KEYS.enter],
      ["Which role?", KEYS.down, KEYS.enter],
    ],
    env,
  );
  expect(outcome.exit).toBe(0);
  expect(outcome.stdout.trim()).toMatch(/^dl_/);
  expect((await readTokens(store))?.tokens).toMatchObject([
    { name: "park", role: "curator", expires_at: null },
  ]);
  await revokeToken(store, "park");
});

test("many who make tokens at once lose none", async () => {
  const names = Array.from({ length: 8 }, (_, at) => `t${at}`);
  await Promise.all(
    names.map((name) => createToken(store, { name, role: "reader", nowMs: 0, expiresMs: undefined })),
  );
  expect((await readTokens(store))?.tokens.map(({ name }) => name).sort()).toEqual(names);
  for (const name of names) await revokeToken(store, name);
});
