import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "./files.ts";
import { isRunning } from "./lease-holder.ts";

/** A process in another container is not seen from this one: what may be of such is left for so long. */
const ABANDONED_MS = 7 * 24 * 3_600_000;
/** Folders in scratch of one process each, at the end of whose name its id stands; earlier versions left some without. */
const OWN = /^(?:upload|rows|sync|spill)-/;

/** Makes a folder for work files of this process, and removes those that killed processes left in scratch. */
export async function makeWorkFolder(scratch: string, kind: "upload" | "rows"): Promise<string> {
  const folder = join(scratch, `${kind}-${crypto.randomUUID()}-${process.pid}`);
  await mkdir(folder, { recursive: true });
  await removeAbandoned(scratch);
  return folder;
}

/** Removes the work files that killed processes left in scratch: unpacked entries, rows, what the engine spilled. */
export async function removeAbandoned(scratch: string): Promise<void> {
  for (const name of await readdir(scratch).catch(() => [])) {
    if (!OWN.test(name)) continue;
    const path = join(scratch, name);
    // Whoever cannot remove what another account left goes on without.
    if (await isAbandoned(path).catch(() => false)) await removeTree(path).catch(() => {});
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs < ABANDONED_MS) return false;
  const pid = /-(\d{1,9})$/.exec(path)?.[1];
  return pid === undefined || !(await isRunning(Number(pid)));
}
