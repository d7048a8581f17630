import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { folderStore } from "../../src/sync/store.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-store-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a file of the lake gets a second name there, which stays whole when the first one goes", async () => {
  const store = folderStore(join(folder, "sync"), "file:///x", DEFAULT_MODES);
  const source = join(folder, "data.parquet");
  await writeFile(source, "rows");
  await store.putText("data/b1/data.parquet", "of an earlier attempt");
  await store.putLakeFile("data/b1/data.parquet", source);
  const second = join(folder, "sync", "data/b1/data.parquet");
  expect((await stat(second)).ino).toBe((await stat(source)).ino);
  await rm(source);
  expect(await readFile(second, "utf8")).toBe("rows");
  expect(await readdir(dirname(second))).toEqual(["data.parquet"]);
  await store.removeAll("data/b1");
  expect(await store.size("data/b1/data.parquet")).toBeUndefined();
});

test("what an earlier sync prepared cannot arrive after a later one has written", async () => {
  const root = join(folder, "late");
  const store = folderStore(root, "file:///x", DEFAULT_MODES);
  await store.putText("manifest.json", "1");
  await writeFile(join(root, ".manifest.json.tmp-01234567"), "2, whose rename hangs over a dead network");
  await store.putText("manifest.json", "3");
  expect(await readdir(root)).toEqual(["manifest.json"]);
  expect(await store.readText("manifest.json")).toBe("3");
});
