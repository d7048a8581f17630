import { expect, test } from "bun:test";
import { mkdir, readdir, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { MOST_OPEN } from "../../src/ingest/zip/open-files.ts";
import { withKit } from "./kit.ts";
import { zipOf } from "./zip-kit.ts";

const JPEG = Buffer.from("\xff\xd8\xff\xe0 a page", "latin1");

/** How many files of a folder this process has open. */
async function openBelow(folder: string): Promise<number> {
  const open = await readdir("/proc/self/fd");
  const files = await Promise.all(open.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
  return files.filter((file) => file.startsWith(folder)).length;
}

const canCount = process.platform === "linux";

test.if(canCount)("a folder may hold more zips than a process may have open files", async () => {
  await withKit(async (kit) => {
    const count = 3 * MOST_OPEN;
    const folder = join(kit.folder, "in");
    await mkdir(folder);
    for (let at = 0; at < count; at++) {
      const data = Buffer.concat([JPEG, Buffer.from(String(at))]);
      await writeFile(join(folder, `${at}.zip`), zipOf([{ name: "1.jpg", data }]));
    }
    const { rows } = await kit.stage(folder);
    expect(rows).toHaveLength(count);
    expect(new Set(rows.map((row) => row.source_hash)).size).toBe(count);
    expect(rows.filter((row) => row.__reject !== null)).toEqual([]);
    // They are open until the session ends.
    expect(await openBelow(folder)).toBeLessThanOrEqual(MOST_OPEN);
  });
});
