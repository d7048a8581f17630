import { readFile, realpath } from "node:fs/promises";

export interface MountEntry {
  /** `ext4`, `cifs`, `nfs4`, `fuse.sshfs`. */
  type: string;
  /** What is mounted: a device, `//nas/share`, `nas:/export`. */
  source: string;
  /** Identifies the mount until it is unmounted. */
  id: string;
}

const TABLE = "/proc/self/mountinfo";

/** The mount that holds `path`; undefined if the system does not tell (macOS). */
export async function findMount(path: string): Promise<MountEntry | undefined> {
  try {
    const [place, table] = await Promise.all([realpath(path), readFile(TABLE, "utf8")]);
    return findInTable(table, place);
  } catch {
    return undefined; // no such table or path
  }
}

/**
 * The entry of a table in the format of /proc/self/mountinfo (proc(5)) that holds an absolute path: the
 * longest mount point, and the latest of stacked ones.
 */
export function findInTable(table: string, path: string): MountEntry | undefined {
  let found: (MountEntry & { point: string }) | undefined;
  for (const line of table.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [id = "", , , , point] = before.split(" ");
    const [type, source] = after.split(" ");
    if (point === undefined || type === undefined || source === undefined) continue;
    const entry = { point: unescaped(point), type, source: unescaped(source), id };
    const holds = entry.point === "/" || path === entry.point || path.startsWith(`${entry.point}/`);
    if (holds && entry.point.length >= (found?.point.length ?? 0)) found = entry;
  }
  return found && { type: found.type, source: found.source, id: found.id };
}

/** Decodes octal escapes such as `\040` for a space. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
}

const LOCAL = new Set(
  "ext2 ext3 ext4 xfs btrfs zfs tmpfs ramfs overlay f2fs bcachefs jfs reiserfs nilfs2 apfs hfs".split(" "),
);

/** Whether a type is a known local file system; others may be network mounts. */
export function isLocalType(type: string | undefined): boolean {
  return type !== undefined && LOCAL.has(type);
}

export function isFuseType(type: string | undefined): boolean {
  return type !== undefined && /^fuse(blk)?(\.|$)/.test(type);
}
