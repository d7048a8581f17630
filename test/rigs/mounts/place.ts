import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeImage } from "../../jobs/staging-kit.ts";
import type { Shell } from "./shell.ts";

/** One share, mounted twice. All paths are those of its shell. */
export interface Place {
  name: string;
  shell: Shell;
  a: string;
  b: string;
  /** The server's own folder. */
  disk: string;
  binary: string;
  /** This one and the next are free. */
  port: number;
  /** A folder off the mounts, with the inputs in `in/`. */
  work: string;
  /** What runs a command as the account that works on a side; all run as this user without. */
  as?: Record<"a" | "b" | "disk", string>;
  /** How much longer everything takes than on a machine of its own. */
  slowness: number;
  /** Whether it has the trap of SMB (a rename over an open file is refused and deletes its target), and keeps no modes. */
  isSmb: boolean;
  /** The folder of a lake's files as they lie on the server's disk, in a place that this process can read. */
  fetchLake(): Promise<string>;
}

/** How many pages each folder holds. */
export const PAGES = { pages: 6, more: 4, parallel: 2, kill: 5 };
export const PARALLEL_UPLOADS = 10;
export const KILLS = 3;

/** Writes what the stories upload. */
export async function writeInputs(folder: string): Promise<void> {
  let seed = 1;
  const pages = async (name: string, count: number) => {
    await mkdir(join(folder, name), { recursive: true });
    for (let page = 0; page < count; page++)
      await writeFile(join(folder, name, `쪽 ${page}.jpg`), await makeImage(seed++));
  };
  const texts = (name: string, count: number, text: string) =>
    writeFile(
      join(folder, name),
      lines(count, (row) => ({ text: `${text} ${row}` })),
    );
  await pages("pages", PAGES.pages);
  await pages("more", PAGES.more);
  for (let number = 0; number < PARALLEL_UPLOADS; number++) await pages(`parallel-${number}`, PAGES.parallel);
  for (let number = 0; number < KILLS; number++) await pages(`kill-${number}`, PAGES.kill);
  await texts("texts.jsonl", 20, "글");
  await texts("texts-new.jsonl", 30, "새 글");
  await texts("texts-long.jsonl", 300, "긴 글".repeat(30));
  await texts("texts-last.jsonl", 5, "끝");
  await writeFile(
    join(folder, "labels.jsonl"),
    lines(PAGES.pages, (page) => ({ source_name: `쪽 ${page}.jpg`, label: { text: `합계 ${page} 원` } })),
  );
}

function lines(count: number, make: (at: number) => unknown): string {
  return Array.from({ length: count }, (_, at) => `${JSON.stringify(make(at))}\n`).join("");
}
