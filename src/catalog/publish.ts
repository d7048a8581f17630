import { constants } from "node:fs";
import { copyFile, link, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFile, syncFolder } from "../lake/durable.ts";
import { exists, isMissing } from "../lake/files.ts";
import { givePermissions } from "../lake/group.ts";
import type { Lake } from "../lake/lake.ts";
import { replaceFile, tempBeside } from "../lake/replace.ts";
import { readReplaced, recoverReplaced, removeUnlessHeld } from "../lake/replaced.ts";

/** How long readers of an older generation may rely on its file, also through NFS. */
const GRACE_MS = 10 * 60_000;
/** However fast catalogs are published, no more of the old ones are kept: each may cost its full size. */
const MAX_PREVIOUS = 3;

/** Tells a published file from any other that had or takes its name; undefined when there is none. */
export async function catalogIdentity(lake: Lake): Promise<string | undefined> {
  try {
    const { catalogFile } = lake.layout;
    const info = await readReplaced(catalogFile, () => stat(catalogFile, { bigint: true }));
    return `${info.ino}-${info.size}-${info.mtimeNs}`;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export interface PublishEffects {
  /** Throws when it must not be published any more. */
  beforeRename(): Promise<void>;
  /** Whether a fresh look finds this file published. */
  isOurs(): Promise<boolean>;
}

/**
 * Puts a closed database file in the place of the published one in one step: readers that have the old one open
 * keep it, new ones open the new. The old one stays as `.catalog.prev-<generation>` for a grace time, but for a small file
 * of recent rows.
 * Throws `conflict` when either has a WAL: it would be replayed into a file that it does not belong to.
 */
export async function publishFile(
  lake: Lake,
  file: string,
  place: string,
  previousGeneration: number | undefined,
  { beforeRename, isOurs }: PublishEffects,
): Promise<void> {
  for (const one of [file, place]) await refuseWal(one, lake.layout.logOf(one));
  const temp = tempBeside(place);
  try {
    await copyFile(file, temp, constants.COPYFILE_FICLONE);
    const [wrote, meant] = await Promise.all([stat(temp), stat(file)]);
    if (wrote.size !== meant.size) {
      throw new AppError("io", `${temp} has ${wrote.size} bytes instead of ${meant.size}; try again`);
    }
    await givePermissions(temp, lake.modes.file);
    await syncFile(temp);
    await beforeRename();
    if (previousGeneration !== undefined) await keepPrevious(lake, previousGeneration);
    await replaceFile(temp, place, { isOurs });
  } catch (error) {
    await rm(temp, { force: true });
    // Who takes the lease over removes what others prepared: then that is the reason.
    if (isMissing(error)) await beforeRename();
    throw error;
  }
  await syncFolder(lake.root);
  if (await isOurs()) return;
  throw new AppError(
    "conflict",
    `another host published ${place} at the same time; run \`datalake catalog rebuild\``,
    { details: { path: place } },
  );
}

async function refuseWal(file: string, wal: string): Promise<void> {
  if (!(await exists(wal))) return;
  throw new AppError(
    "conflict",
    `${wal} shows that a program opened ${basename(file)} for writing; close that program, remove ${wal} and try again`,
    { details: { path: wal } },
  );
}

async function keepPrevious(lake: Lake, generation: number): Promise<void> {
  try {
    await link(lake.layout.catalogFile, lake.layout.previousCatalog(generation));
  } catch (error) {
    // Without hard links readers on NFS may have to open the file again: they do.
    const code = systemCode(error) ?? "";
    if (!["EEXIST", "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
  }
}

/** Generations whose old files are still kept, newest first. */
export async function previousGenerations(lake: Lake): Promise<number[]> {
  const pattern = previousPattern(lake);
  const found = (await readdir(lake.root)).map((name) => pattern.exec(name)?.[1]);
  return found
    .filter((generation) => generation !== undefined)
    .map(Number)
    .sort((a, b) => b - a);
}

function previousPattern(lake: Lake): RegExp {
  const prefix = basename(lake.layout.previousCatalog(0)).slice(0, -1);
  return new RegExp(`^${RegExp.escape(prefix)}(\\d+)$`);
}

/** Undefined for one that is listed and gone: on SMB, one that was removed and that a reader still has open. */
async function ctimeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).ctimeMs;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Removes old generations after their grace time and temp files of publishers that died; the lease must be held. */
export async function sweepPublished(lake: Lake): Promise<void> {
  const { catalogFile, recentFile, publishLease } = lake.layout;
  const nowMs = (await stat(publishLease)).ctimeMs; // the file server's clock
  for (const [at, generation] of (await previousGenerations(lake)).entries()) {
    const path = lake.layout.previousCatalog(generation);
    const takenAwayMs = await ctimeOf(path); // set when its name was taken away
    if (takenAwayMs === undefined) continue;
    if (at >= MAX_PREVIOUS || nowMs - takenAwayMs > GRACE_MS) await removeUnlessHeld(path);
  }
  const temps = [catalogFile, recentFile].map((path) => `.${basename(path)}.tmp-`);
  for (const name of await readdir(lake.root)) {
    if (temps.some((temp) => name.startsWith(temp))) await removeUnlessHeld(join(lake.root, name));
  }
  await recoverReplaced(lake.root);
}
