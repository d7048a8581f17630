import {
  closeSync,
  fchmodSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { systemCode } from "../errors.ts";

/** Capabilities of a file system, found by probing. */
export interface ProbeFacts {
  /** `broken`: EIO, as on mounts with delayed writes, which cannot hold a lake. */
  hardLink: "yes" | "none" | "broken";
  /** Exclusive creation fails for an existing file. */
  exclusiveCreate: boolean;
  /**
   * A rename over a file open through this mount: `safe`; `refused`, the file stays; or `lost`: the target is
   * gone when its reader closes, whether the rename was refused or not.
   */
  renameOverOpen: "safe" | "refused" | "lost";
  renameOpen: boolean;
  modes: boolean;
  caseSensitive: boolean;
  fsync: boolean;
}

export const PROBE_PREFIX = ".probe-";

/**
 * Probes in a hidden folder within `folder`, which is removed. Synchronous: once per process, and under a
 * millisecond on a disk. Throws system errors if no folder can be created.
 */
export function probeFileSystem(folder: string): ProbeFacts {
  return inProbeFolder(folder, (at) => ({
    ...tryExclusive(at("one")),
    hardLink: tryLink(at("one"), at("two")),
    renameOpen: tryRenameOpen(at("one"), at("three")),
    renameOverOpen: tryRenameOver(at("old"), at("new")),
    modes: tryModes(at("modes")),
    caseSensitive: tryCase(at("case"), at("CASE")),
  }));
}

/** Probes only what a replacement needs; syncs nothing. */
export function probeRenameOverOpen(folder: string): ProbeFacts["renameOverOpen"] {
  return inProbeFolder(folder, (at) => tryRenameOver(at("old"), at("new")));
}

function inProbeFolder<T>(folder: string, attempt: (at: (name: string) => string) => T): T {
  const place = join(folder, `${PROBE_PREFIX}${crypto.randomUUID().slice(0, 8)}`);
  mkdirSync(place);
  try {
    return attempt((name) => join(place, name));
  } finally {
    try {
      rmSync(place, { recursive: true, force: true });
    } catch {
      // the next probe removes leftovers
    }
  }
}

function tryExclusive(path: string): Pick<ProbeFacts, "exclusiveCreate" | "fsync"> {
  const fsync = withFile(path, "wx", (fd) => {
    writeSync(fd, "one");
    return succeeds(() => fsyncSync(fd));
  });
  return { exclusiveCreate: !succeeds(() => withFile(path, "wx", () => {})), fsync };
}

function tryLink(from: string, to: string): ProbeFacts["hardLink"] {
  try {
    linkSync(from, to);
    return "yes";
  } catch (error) {
    return systemCode(error) === "EIO" ? "broken" : "none";
  }
}

function tryRenameOpen(from: string, to: string): boolean {
  return withFile(from, "r", () => succeeds(() => renameSync(from, to)) && isThere(to));
}

function tryRenameOver(old: string, fresh: string): ProbeFacts["renameOverOpen"] {
  writeFileSync(old, "old");
  writeFileSync(fresh, ""); // ext4 writes out a file renamed over another
  const { isDone, isKept } = withFile(old, "r", (fd) => {
    const isDone = succeeds(() => renameSync(fresh, old));
    const bytes = Buffer.alloc(3);
    return { isDone, isKept: succeeds(() => readSync(fd, bytes, 0, 3, 0)) && bytes.toString() === "old" };
  });
  let left: string | undefined;
  succeeds(() => {
    left = readFileSync(old, "utf8");
  });
  if (!isDone) return left === "old" ? "refused" : "lost";
  return isKept && left === "" ? "safe" : "lost";
}

function tryModes(path: string): boolean {
  return withFile(path, "wx", (fd) =>
    [0o640, 0o444].every(
      (mode) => succeeds(() => fchmodSync(fd, mode)) && (statSync(path).mode & 0o777) === mode,
    ),
  );
}

function tryCase(lower: string, upper: string): boolean {
  writeFileSync(lower, "");
  return !isThere(upper);
}

function isThere(path: string): boolean {
  return succeeds(() => lstatSync(path));
}

function withFile<T>(path: string, flags: "r" | "wx", use: (fd: number) => T): T {
  const fd = openSync(path, flags, 0o664);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
