import { afterAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPromise } from "yauzl";
import { zipFiles } from "../../src/web/upload/zip.ts";

const folder = await mkdtemp(join(tmpdir(), "datalake-zip-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

const FILES = [
  { path: "원천/영수증 1.jpg".normalize("NFD"), content: new Blob([new Uint8Array(70_000).fill(7)]) },
  { path: "empty.txt", content: new Blob([]) },
  { path: "a/b/c.json", content: new Blob(['{"words": []}']) },
];

test("a zip of files holds each as it is, under its name in NFC", async () => {
  const done: number[] = [];
  const path = join(folder, "a.zip");
  await writeFile(
    path,
    new Uint8Array(await (await zipFiles(FILES, (count) => done.push(count))).arrayBuffer()),
  );
  expect(done).toEqual([1, 2, 3]);
  const python = Bun.spawn(["python3", "-c", CHECK, path]);
  expect(await new Response(python.stdout).json()).toEqual([
    ["원천/영수증 1.jpg", 70_000],
    ["empty.txt", 0],
    ["a/b/c.json", 13],
  ]);
  expect(await python.exited).toBe(0);
});

test("the lake's own reader of zips takes it", async () => {
  const path = join(folder, "b.zip");
  await writeFile(path, new Uint8Array(await (await zipFiles(FILES)).arrayBuffer()));
  const zip = await openPromise(path);
  const names: string[] = [];
  for await (const entry of zip.eachEntry()) names.push(entry.fileName);
  expect(names).toEqual(["원천/영수증 1.jpg", "empty.txt", "a/b/c.json"]);
});

test("it ends when it is told to", async () => {
  const stopped = AbortSignal.abort();
  await expect(zipFiles(FILES, () => {}, stopped)).rejects.toThrow();
});

const CHECK = `
import json, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    assert archive.testzip() is None
    print(json.dumps([[entry.filename, entry.file_size] for entry in archive.infolist()]))
`;
