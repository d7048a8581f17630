import { expect, test } from "bun:test";
import { mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeWorkFolder } from "../../src/lake/work-folder.ts";
import { withFolder } from "../cli/harness.ts";

const DAY_S = 86_400;

test("work files of killed processes are removed after a week, those of running ones never", async () => {
  await withFolder(async (scratch) => {
    const ended = Bun.spawn(["true"]);
    await ended.exited;
    const left = async (name: string, days: number) => {
      const folder = join(scratch, name);
      await mkdir(join(folder, "input-0"), { recursive: true });
      await writeFile(join(folder, "input-0", "entry-0.jpg"), "a page");
      const then = Date.now() / 1000 - days * DAY_S;
      await utimes(folder, then, then);
      return name;
    };
    await left(`upload-${crypto.randomUUID()}-${ended.pid}`, 8);
    await left("upload-0b9d1c52-52f0-4f6f-8d3d-5d0f9f6f1d2a", 8); // as older versions named them
    await left(`rows-${crypto.randomUUID()}-${ended.pid}`, 8);
    await left(`sync-${ended.pid}`, 8);
    await left(`spill-${ended.pid}`, 8);
    const kept = [
      await left(`upload-${crypto.randomUUID()}-${ended.pid}`, 6),
      await left(`upload-${crypto.randomUUID()}-${process.pid}`, 8),
      await left("jobs", 8),
    ];
    const folder = await makeWorkFolder(scratch, "rows");
    const names = (await readdir(scratch)).map((name) => join(scratch, name));
    expect(names.sort()).toEqual([...kept.map((name) => join(scratch, name)), folder].sort());
  });
});
