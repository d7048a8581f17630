import { link, lstat, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../errors.ts";

/** What a file system can do, found out by trying. */
export interface ProbeFacts {
  /** `broken` is an EIO: the mark of mounts that write back later, which cannot hold a lake. */
  hardLink: "yes" | "none" | "broken";
  /** A file can be made so that it fails where one is. */
  exclusiveCreate: boolean;
  /**
   * A rename over a file that this mount has open: `safe`; `refused`, and the file stays; or `lost`: what had the name
   * is gone when its reader closes, whether the rename was refused or not.
   */
  renameOverOpen: "safe" | "refused" | "lost";
  /** An open file can get another name. */
  renameOpen: boolean;
  /** Permissions that are set can be read back. */
  modes: boolean;
  caseSensitive: boolean;
  /** fsync(2) of a file succeeds. */
  fsync: boolean;
}

/** Begins the names of folders in which is tried what a file system can do. */
export const PROBE_PREFIX = ".probe-";

/**
 * Tries it in a hidden folder of its own in `folder`, which is removed again. Throws the system's error where no folder
 * can be made there.
 */
export function probeFileSystem(folder: string): Promise<ProbeFacts> {
  return inProbeFolder(folder, async (at) => {
    const exclusive = await tryExclusive(at("one"));
    return {
      ...exclusive,
      hardLink: await tryLink(at("one"), at("two")),
      renameOpen: await tryRenameOpen(at("one"), at("three")),
      renameOverOpen: await tryRenameOver(at("old"), at("new")),
      modes: await tryModes(at("modes")),
      caseSensitive: await tryCase(at("case"), at("CASE")),
    };
  });
}

/** The same of what a replace needs to know, at the price of a few small requests. */
export function probeRenameOverOpen(folder: string): Promise<ProbeFacts["renameOverOpen"]> {
  return inProbeFolder(folder, (at) => tryRenameOver(at("old"), at("new")));
}

async function inProbeFolder<T>(
  folder: string,
  attempt: (at: (name: string) => string) => Promise<T>,
): Promise<T> {
  const place = join(folder, `${PROBE_PREFIX}${crypto.randomUUID().slice(0, 8)}`);
  await mkdir(place);
  try {
    return await attempt((name) => join(place, name));
  } finally {
    // Whoever comes next sweeps what stays.
    await rm(place, { recursive: true, force: true }).catch(() => {});
  }
}

async function tryExclusive(path: string): Promise<Pick<ProbeFacts, "exclusiveCreate" | "fsync">> {
  const handle = await open(path, "wx");
  let fsync = true;
  try {
    await handle.writeFile("one");
    await handle.sync().catch(() => {
      fsync = false;
    });
  } finally {
    await handle.close();
  }
  const again = await open(path, "wx").catch(() => undefined);
  await again?.close();
  return { exclusiveCreate: again === undefined, fsync };
}

async function tryLink(from: string, to: string): Promise<ProbeFacts["hardLink"]> {
  try {
    await link(from, to);
    return "yes";
  } catch (error) {
    return systemCode(error) === "EIO" ? "broken" : "none";
  }
}

async function tryRenameOpen(from: string, to: string): Promise<boolean> {
  const reader = await open(from, "r");
  try {
    await rename(from, to);
    return await isThere(to);
  } catch {
    return false;
  } finally {
    await reader.close();
  }
}

async function tryRenameOver(old: string, fresh: string): Promise<ProbeFacts["renameOverOpen"]> {
  await writeFile(old, "old");
  await writeFile(fresh, "new");
  const reader = await open(old, "r");
  let isRefused = false;
  let isKept = false;
  try {
    await rename(fresh, old).catch(() => {
      isRefused = true;
    });
    const bytes = Buffer.alloc(3);
    await reader.read(bytes, 0, 3, 0).catch(() => {});
    isKept = bytes.toString() === "old";
  } finally {
    await reader.close();
  }
  const left = await readFile(old, "utf8").catch(() => undefined);
  if (isRefused) return left === "old" ? "refused" : "lost";
  return isKept && left === "new" ? "safe" : "lost";
}

async function tryModes(path: string): Promise<boolean> {
  const handle = await open(path, "wx", 0o664);
  try {
    for (const mode of [0o640, 0o444]) {
      await handle.chmod(mode);
      if (((await stat(path)).mode & 0o777) !== mode) return false;
    }
    return true;
  } catch {
    return false;
  } finally {
    await handle.close();
  }
}

async function tryCase(lower: string, upper: string): Promise<boolean> {
  await writeFile(lower, "");
  return !(await isThere(upper));
}

function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
