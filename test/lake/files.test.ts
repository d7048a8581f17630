import { afterAll, describe, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { AppError } from "../../src/errors.ts";
import { syncBatch, syncFile, syncFolder } from "../../src/lake/durable.ts";
import { ensureFolder, exists, removeTree } from "../../src/lake/files.ts";
import { readJson, writeJson } from "../../src/lake/json-file.ts";
import { linkExclusive } from "../../src/lake/link.ts";
import { renameDurable, writeAtomic } from "../../src/lake/replace.ts";

const root = await mkdtemp(join(tmpdir(), "files-"));
afterAll(() => rm(root, { recursive: true, force: true }));

let count = 0;
async function freshFolder(): Promise<string> {
  const folder = join(root, String(count++));
  await mkdir(folder);
  return folder;
}

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

describe("writeAtomic", () => {
  test("replaces content in one step, with the permissions asked for and no leftovers", async () => {
    const folder = await freshFolder();
    const path = join(folder, "한글 이름.json");
    const umask = process.umask(0o077);
    await writeAtomic(path, "one").finally(() => process.umask(umask));
    expect(await modeOf(path)).toBe(0o664);
    await writeAtomic(path, new Uint8Array([50]), { folder: 0o700, file: 0o600, asset: 0o400 });
    expect([await readFile(path, "utf8"), await modeOf(path)]).toEqual(["2", 0o600]);
    expect(await readdir(folder)).toEqual(["한글 이름.json"]);
  });

  test("readers see the old content or the new, whole", async () => {
    const path = join(await freshFolder(), "f");
    const contents = ["a".repeat(200_000), "b".repeat(300_000)];
    await writeAtomic(path, contents[0] ?? "");
    let writing = true;
    const writer = (async () => {
      for (let at = 0; at < 20; at++) await writeAtomic(path, contents[at % 2] ?? "");
      writing = false;
    })();
    let reads = 0;
    while (writing) {
      expect(contents.includes(await readFile(path, "utf8"))).toBe(true);
      reads++;
    }
    await writer;
    expect(reads).toBeGreaterThan(0);
  });

  test("a failure leaves the old content and nothing else", async () => {
    const folder = await freshFolder();
    await mkdir(join(folder, "taken", "below"), { recursive: true });
    const error = await writeAtomic(join(folder, "taken"), "x").catch((caught) => caught);
    expect(error).toBeInstanceOf(Error);
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});

describe("linkExclusive", () => {
  test("gives a name once, whoever asks at the same time", async () => {
    const folder = await freshFolder();
    const to = join(folder, "asset");
    const sources = Array.from({ length: 20 }, (_, at) => join(folder, `temp-${at}`));
    await Promise.all(sources.map((path) => writeFile(path, path)));
    const won = await Promise.all(sources.map((path) => linkExclusive(path, to)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await readFile(to, "utf8")).toBe(sources[won.indexOf(true)] ?? "");
  });

  test("a missing source is an error, not a lost race", async () => {
    const folder = await freshFolder();
    const error = await linkExclusive(join(folder, "none"), join(folder, "to")).catch((caught) => caught);
    expect(error.code).toBe("ENOENT");
    expect(await exists(join(folder, "to"))).toBe(false);
  });
});

test("ensureFolder gives every folder it makes the mode asked for, and leaves others", async () => {
  const folder = await freshFolder();
  await chmod(folder, 0o700);
  const umask = process.umask(0o077);
  await ensureFolder(join(folder, "a", "b", "c")).finally(() => process.umask(umask));
  const modes = ["", "a", "a/b", "a/b/c"].map((path) => modeOf(join(folder, path)));
  expect(await Promise.all(modes)).toEqual([0o700, 0o775, 0o775, 0o775]);
  await Promise.all(Array.from({ length: 10 }, () => ensureFolder(join(folder, "x", "y"))));
  expect(await modeOf(join(folder, "x", "y"))).toBe(0o775);
});

describe("readJson", () => {
  const Schema = v.object({ rows: v.number() });

  test("reads what writeJson wrote, undefined for none", async () => {
    const path = join(await freshFolder(), "a.json");
    expect(await readJson(path, Schema)).toBeUndefined();
    await writeJson(path, { rows: 3 });
    expect(await readJson(path, Schema)).toEqual({ rows: 3 });
  });

  test("a damaged or wrong file is corrupt, naming it", async () => {
    const path = join(await freshFolder(), "a.json");
    for (const text of ["", "{", '{"rows":"3"}', "null"]) {
      await writeFile(path, text);
      const error = await readJson(path, Schema).catch((caught) => caught);
      expect(error).toBeInstanceOf(AppError);
      expect([error.code, error.details]).toEqual(["corrupt", { path, problem: expect.any(String) }]);
    }
  });
});

test("renameDurable moves a folder whole; a second time is an error", async () => {
  const folder = await freshFolder();
  await mkdir(join(folder, "from"));
  await mkdir(join(folder, "below"));
  await writeFile(join(folder, "from", "f"), "x");
  await renameDurable(join(folder, "from"), join(folder, "below", "to"));
  expect(await readFile(join(folder, "below", "to", "f"), "utf8")).toBe("x");
  const error = await renameDurable(join(folder, "from"), join(folder, "other")).catch((caught) => caught);
  expect(error.code).toBe("ENOENT");
});

test("removeTree leaves nothing, though others remove parts of it meanwhile", async () => {
  const folder = await freshFolder();
  for (let round = 0; round < 100; round++) {
    const tree = join(folder, `${round}`);
    await mkdir(join(tree, "below"), { recursive: true });
    for (const name of ["a", "b", "c", "below/d"]) await writeFile(join(tree, name), "x");
    const others = ["a", "b"].map((name) => rm(join(tree, name), { force: true }));
    await Promise.all([removeTree(tree), ...others]);
  }
  expect(await readdir(folder)).toEqual([]);
});

test("exists tells a missing path from one that cannot be looked at", async () => {
  const folder = await freshFolder();
  await writeFile(join(folder, "f"), "");
  expect([
    await exists(folder),
    await exists(join(folder, "no")),
    await exists(join(folder, "f", "x")),
  ]).toEqual([true, false, false]);
});

test("syncs files, folders and batches; a missing file is an error", async () => {
  const folder = await freshFolder();
  const path = join(folder, "f");
  await writeFile(path, "x");
  await syncFile(path);
  await syncFolder(folder);
  await syncBatch(folder, [path]);
  expect((await syncFile(join(folder, "no")).catch((error) => error)).code).toBe("ENOENT");
});
