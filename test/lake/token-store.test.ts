import { afterAll, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { openTokenStore, removeOldTokens } from "../../src/lake/token-store.ts";
import { createToken, readTokens, type TokenStore } from "../../src/lake/tokens.ts";
import { codeOf } from "../code-of.ts";

const folders: string[] = [];
let home = "";
let lake: Lake;
let store: TokenStore;
beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-store-"));
  folders.push(folder);
  home = join(folder, "home");
  await mkdir(home);
  ({ lake } = await initLake(join(folder, "lake")));
  store = (await open()) as TokenStore;
});
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

const said: string[] = [];
const open = (own: { home: string; path: string } | undefined = { home, path: ".config/datalake" }) =>
  openTokenStore(lake, { file: undefined, own }, (message) => said.push(message));

const KIM = { name: "kim", role: "admin", nowMs: 0, expiresMs: undefined } as const;
const namesOf = async () => (await readTokens(store))?.tokens.map(({ name }) => name);

test("the store is refused when others could exchange it, and names what to mend", async () => {
  await createToken(store, KIM);
  const folder = dirname(store.path);
  for (const [path, mode] of [
    [store.path, 0o620],
    [store.path, 0o602],
    [folder, 0o770],
    [folder, 0o707],
    [dirname(folder), 0o775],
    [dirname(dirname(folder)), 0o777],
    [home, 0o775],
  ] as const) {
    const { mode: before } = await stat(path);
    await chmod(path, mode);
    const error = await readTokens(store).catch((thrown) => thrown);
    expect([path, mode, error.code, error.message]).toEqual([
      path,
      mode,
      "permission_denied",
      expect.stringContaining(`chmod go-w ${path}`),
    ]);
    expect(await codeOf(createToken(store, { ...KIM, name: "lee" }))).toBe("permission_denied");
    await chmod(path, before & 0o777);
    expect(await namesOf()).toEqual(["kim"]);
  }
  // Nobody else renames or removes in a sticky folder; and what is above the home the administrator answers for.
  await chmod(folder, 0o1777);
  await chmod(dirname(home), 0o777);
  expect(await namesOf()).toEqual(["kim"]);
});

test("a link instead of the file is refused, a link to a safe folder is followed", async () => {
  await createToken(store, KIM);
  const folder = dirname(store.path);
  const [aside, unsafe] = [`${folder}.real`, join(dirname(home), "unsafe")];
  await rename(folder, aside);
  await symlink(aside, folder);
  expect(await namesOf()).toEqual(["kim"]);
  await mkdir(unsafe);
  await chmod(unsafe, 0o777);
  await rename(aside, join(unsafe, "tokens"));
  await rm(folder);
  await symlink(join(unsafe, "tokens"), folder);
  expect(await codeOf(readTokens(store))).toBe("permission_denied");
  await rm(folder);
  await rename(join(unsafe, "tokens"), folder);
  await rename(store.path, `${store.path}.real`);
  await symlink(`${store.path}.real`, store.path);
  expect(await codeOf(readTokens(store))).toBe("permission_denied");
});

test("tokens of the first version move out of the lake", async () => {
  const old = lake.layout.oldTokens;
  await createToken(store, KIM);
  await rename(store.path, old);
  said.length = 0;
  await open();
  expect(await namesOf()).toEqual(["kim"]);
  expect(said).toEqual([expect.stringContaining(store.path)]);
  // A server of the old version may still look at it; the new one removes it.
  expect(await readFile(old, "utf8")).toContain("kim");
  await removeOldTokens(lake);
  // What somebody puts there later is nobody's.
  await writeFile(old, await readFile(store.path, "utf8").then((text) => text.replace("kim", "eve")));
  await open();
  expect(await namesOf()).toEqual(["kim"]);
});

test("tokens in the lake that others can have written are not taken, nor passed over", async () => {
  const old = lake.layout.oldTokens;
  await createToken(store, KIM);
  const text = await readFile(store.path, "utf8");
  await rm(store.path);
  await writeFile(old, text);
  await chmod(old, 0o664);
  const error = await open().catch((thrown) => thrown);
  expect([error.code, error.message]).toEqual(["permission_denied", expect.stringContaining(old)]);
  await rm(old);
  await writeFile(join(home, "elsewhere"), text, { mode: 0o600 });
  await symlink(join(home, "elsewhere"), old);
  expect(await codeOf(open())).toBe("permission_denied");
  expect(await namesOf()).toBeUndefined();
});

test("an account without a home is told to name a file, once there is anything to keep", async () => {
  const none = () => openTokenStore(lake, { file: undefined, own: undefined }, () => {});
  expect(await none()).toBeUndefined();
  await createToken(store, KIM);
  await rename(store.path, lake.layout.oldTokens);
  expect(await codeOf(none())).toBe("invalid_config");
});
