import { expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { syncBatch, syncFileSystem } from "../../src/lake/durable.ts";
import { mountTwo } from "../rigs/fuse/two-mounts.ts";

test("a file system is flushed whole, several times at once; what is not there is told", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-durable-"));
  await writeFile(join(folder, "가"), "x");
  const flushed = await Promise.all([1, 2, 3].map(() => syncFileSystem(folder)));
  expect(flushed).toEqual(Array(3).fill(process.platform === "linux"));
  await syncBatch(folder, [join(folder, "가")]);
  await rm(folder, { recursive: true });
  expect(syncFileSystem(folder)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a program that has flushed ends by itself", async () => {
  const file = join(import.meta.dir, "../../src/lake/durable.ts");
  const code = `const { syncFileSystem } = await import(${JSON.stringify(file)}); await syncFileSystem("/dev/shm");`;
  const child = Bun.spawn([process.execPath, "-e", code], { stdout: "ignore", stderr: "inherit" });
  expect(await child.exited).toBe(0);
});

test("on FUSE, where a flush of the whole does nothing, each file and folder of a batch is synced", async () => {
  await using mounts = await mountTwo({ behaviour: "plain" });
  const folder = join(mounts.a.at, "upload");
  const files = ["data.parquet", "files/ab/abc", "files/ab/abd", "files/cd/cde"];
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), "x");
  }
  await syncBatch(
    folder,
    files.map((file) => join(folder, file)),
  );
  const folders = ["", "/files", "/files/ab", "/files/cd"].map((name) => `upload${name}`);
  expect((await mounts.a.syncs()).sort()).toEqual(
    [...files.map((file) => `upload/${file}`), ...folders].sort(),
  );
});
