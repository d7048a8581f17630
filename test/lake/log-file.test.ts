import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLogFile } from "../../src/lake/log-file.ts";
import { until } from "../server/server-kit.ts";

test("a log is rotated before it grows too large; the newest files are kept", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-log-"));
  const path = join(folder, "datalake.log");
  const first = openLogFile(path, { maxBytes: 10, keep: 3 });
  for (const line of ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n"]) first.write(line);
  const second = openLogFile(path, { maxBytes: 10, keep: 3 });
  for (const line of ["eeee\n", "ffff\n", "gggg\n"]) second.write(line);
  expect((await readdir(folder)).sort()).toEqual(["datalake.log", "datalake.log.1", "datalake.log.2"]);
  expect(await readFile(path, "utf8")).toBe("gggg\n");
  expect(await readFile(`${path}.1`, "utf8")).toBe("eeee\nffff\n");
  expect(await readFile(`${path}.2`, "utf8")).toBe("cccc\ndddd\n");
});

test("lines that come close together are written together, in order, within the sizes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-log-"));
  const path = join(folder, "datalake.log");
  const log = openLogFile(path, { maxBytes: 10, keep: 3, gatherMs: 500 });
  for (const line of ["aaaa\n", "bbbb\n", "cccc\n", "dddd\n"]) log.write(line);
  // At once: what gathers is written by a timer, which has no turn before.
  expect(readFileSync(path, "utf8")).toBe("aaaa\n");
  await until(async () => (await readFile(path, "utf8")) === "cccc\ndddd\n");
  expect(await readFile(path, "utf8")).toBe("cccc\ndddd\n");
  expect(await readFile(`${path}.1`, "utf8")).toBe("aaaa\nbbbb\n");
});

test("lines that wait are written when the process ends", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-log-"));
  const path = join(folder, "datalake.log");
  const module = JSON.stringify(join(import.meta.dir, "../../src/lake/log-file.ts"));
  const script = `import { openLogFile } from ${module};
    const log = openLogFile(${JSON.stringify(path)}, { maxBytes: 1000, keep: 2, gatherMs: 60_000 });
    for (const line of ["a\\n", "b\\n", "c\\n"]) log.write(line);
    process.exit(0);`;
  expect(await Bun.spawn([process.execPath, "-e", script]).exited).toBe(0);
  expect(await readFile(path, "utf8")).toBe("a\nb\nc\n");
});

test("a log that cannot be written stops nobody", () => {
  const log = openLogFile("/nonexistent/folder/datalake.log", { maxBytes: 10, keep: 2 });
  expect(() => log.write("line\n")).not.toThrow();
});
