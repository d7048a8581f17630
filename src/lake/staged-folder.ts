import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { isMissing, removeTree } from "./files.ts";
import { writeJson } from "./json-file.ts";
import type { StagedPath } from "./layout.ts";
import type { Modes } from "./modes.ts";

/**
 * Writes and removes our files in an upload's folder. The folder is held open, so that replacing it by a link
 * has no effect on systems with paths for descriptors (Linux).
 */

/** Replaces a JSON file atomically. */
export async function writeStagedJson(place: StagedPath, value: object, modes: Modes): Promise<void> {
  await inFolder(place, (path) => writeJson(path, value, modes));
}

/** Removes an entry if it exists. */
export async function removeStaged(place: StagedPath): Promise<void> {
  await inFolder(place, removeTree).catch((error) => {
    if (!isMissing(error)) throw error;
  });
}

/** Calls `use` with a path of the file through the open folder. Throws `corrupt` if the folder is a link. */
export async function inFolder<T>(place: StagedPath, use: (path: string) => Promise<T>): Promise<T> {
  const folder = dirname(place.stagedAt);
  const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;
  const handle = await open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error) => {
    if (!["ENOTDIR", "ELOOP"].includes(systemCode(error) ?? "")) throw error;
    throw new AppError("corrupt", `${folder} is not the folder of an upload; remove it`, {
      details: { path: folder },
    });
  });
  const held = process.platform === "linux" ? `/proc/self/fd/${handle.fd}` : folder;
  try {
    return await use(join(held, basename(place.stagedAt)));
  } catch (error) {
    throw named(error, held, folder);
  } finally {
    await handle.close();
  }
}

/** Replaces the path in a system error by the user-visible one. */
function named(error: unknown, held: string, folder: string): unknown {
  if (!(error instanceof Error) || systemCode(error) === undefined) return error;
  const { path } = error as NodeJS.ErrnoException;
  if (path?.startsWith(held)) Object.assign(error, { path: path.replace(held, folder) });
  error.message = error.message.replaceAll(held, folder);
  return error;
}
