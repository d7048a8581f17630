import { expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { syncBatch, syncFileSystem } from "../../src/lake/durable.ts";

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
