import { constants, fchmodSync, fchownSync, fstatSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../errors.ts";

const SPECIAL_BITS = 0o7000;
const PERMISSION_BITS = 0o777;

/**
 * The group to set on a new entry of `folder`, or undefined: the folder's (team) group, if the creator's
 * primary group differs and the folder has no set-group-id bit.
 */
export function groupToGive(folder: Pick<Stats, "gid">, made: Pick<Stats, "gid">): number | undefined {
  return folder.gid === made.gid ? undefined : folder.gid;
}

/**
 * Sets `mode` on a new file or folder of this account, independent of the umask, and the parent folder's
 * group if this account is a member; a set-group-id bit is kept. Entries that are no longer ours are left
 * alone: others may write in that folder.
 */
export async function givePermissions(path: string, mode: number): Promise<void> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  const handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    await giveOpenPermissions(handle, dirname(path), mode);
  } finally {
    await handle.close();
  }
}

/** The same for an open file. */
export async function giveOpenPermissions(handle: FileHandle, folder: string, mode: number): Promise<void> {
  const [above, made] = await Promise.all([stat(folder), handle.stat()]);
  const { group, mode: changed } = lacking(above, made, mode);
  if (group !== undefined) await handle.chown(-1, group).catch(ignoreStranger);
  if (changed !== undefined) await handle.chmod(changed).catch(ignoreUnsettable);
}

/** The same, synchronously. */
export function giveFdPermissions(fd: number, folder: string, mode: number): void {
  const { group, mode: changed } = lacking(statSync(folder), fstatSync(fd), mode);
  try {
    if (group !== undefined) fchownSync(fd, -1, group);
  } catch (error) {
    ignoreStranger(error);
  }
  try {
    if (changed !== undefined) fchmodSync(fd, changed);
  } catch (error) {
    ignoreUnsettable(error);
  }
}

/** What to set; nothing for a file of another account or with other hard links. */
function lacking(above: Stats, made: Stats, mode: number): { group?: number; mode?: number } {
  if (made.uid !== process.geteuid?.() || (made.isFile() && made.nlink > 1)) return {};
  const group = groupToGive(above, made);
  // Only if needed: an account outside of the group would clear the set-group-id bit.
  const differs = (made.mode & PERMISSION_BITS) !== mode;
  return {
    ...(group === undefined ? {} : { group }),
    ...(differs ? { mode: (made.mode & SPECIAL_BITS) | mode } : {}),
  };
}

/** Not a member of the group: others read by the permissions for everybody. */
function ignoreStranger(error: unknown): void {
  if (!["EPERM", "EACCES", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? ""))
    throw error;
}

/** For a file of our own: the mount ignores or fixes permissions. */
export function ignoreUnsettable(error: unknown): void {
  if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? "")) throw error;
}
