import { constants, fchmodSync, fchownSync, fstatSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../errors.ts";

const SPECIAL_BITS = 0o7000;
const PERMISSION_BITS = 0o777;

/**
 * The group that something new in `folder` lacks: the folder's, which is the team's, where the account that made it
 * has another first group and the folder does not hand its own on (set-group-id).
 */
export function groupToGive(folder: Pick<Stats, "gid">, made: Pick<Stats, "gid">): number | undefined {
  return folder.gid === made.gid ? undefined : folder.gid;
}

/**
 * Sets the permissions `mode` of a new file or folder of ours, independent of the umask, and the group of its
 * parent folder, if this account is a member of it; a set-group-id bit stays. What is not ours by now is left as it
 * is: others may write in that folder too.
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

/** The same for a file that is open. */
export async function giveOpenPermissions(handle: FileHandle, folder: string, mode: number): Promise<void> {
  const [above, made] = await Promise.all([stat(folder), handle.stat()]);
  const { group, mode: changed } = lacking(above, made, mode);
  if (group !== undefined) await handle.chown(-1, group).catch(ignoreStranger);
  if (changed !== undefined) await handle.chmod(changed).catch(ignoreUnsettable);
}

/** The same, at once. */
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

/** What is to be set; nothing of a file that is not ours, or has another name elsewhere. */
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

/** No member of that group: others read by the permissions for everybody. */
function ignoreStranger(error: unknown): void {
  if (!["EPERM", "EACCES", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? ""))
    throw error;
}

/** Of a file of our own: the mount knows no permissions, or has its own for all. */
export function ignoreUnsettable(error: unknown): void {
  if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(systemCode(error) ?? "")) throw error;
}
