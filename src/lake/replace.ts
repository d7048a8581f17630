import { link, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCode } from "../errors.ts";
import { syncFolder } from "./durable.ts";
import { exists } from "./files.ts";
import { giveOpenPermissions } from "./group.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";

/**
 * Replaces `path` by `data` in one step: temp file beside it, fsync, rename, fsync of the folder. Readers see the old
 * content or the new. The temp name begins with a dot and never ends in `.parquet`.
 */
export async function writeAtomic(
  path: string,
  data: string | Uint8Array,
  modes: Modes = DEFAULT_MODES,
): Promise<void> {
  const temp = tempBeside(path);
  try {
    const handle = await open(temp, "wx", modes.file);
    try {
      await handle.writeFile(data);
      await giveOpenPermissions(handle, dirname(temp), modes.file);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** `.<name>.tmp-<random>` in the folder of `path`. */
export function tempBeside(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-${crypto.randomUUID().slice(0, 8)}`);
}

/** Moves a complete, synced file or folder to its name and makes the move durable in both folders. */
export async function renameDurable(from: string, to: string): Promise<void> {
  await renameSure(from, to);
  await syncFolder(dirname(to));
  if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
}

/** Over NFS a rename may report an error after it happened: look before believing it. */
async function renameSure(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (systemCode(error) === "ENOENT" && !(await exists(from)) && (await exists(to))) return;
    throw error;
  }
}

/**
 * Gives the file `from` the name `to` unless something has it already; says whether it did. `from` may remain as a
 * second name of the same file: the caller removes it when done. Falls back to an exclusive rename where the file
 * system has no hard links.
 */
export async function linkExclusive(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
    return renameExclusive(from, to);
  }
}

/** The placeholder made with O_EXCL claims the name, so two of these never overwrite each other. */
async function renameExclusive(from: string, to: string): Promise<boolean> {
  const claim = `${to}.claim`;
  try {
    await (await open(claim, "wx")).close();
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
  try {
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}
