import { basename, dirname, join } from "node:path";
import { AppError, systemCode } from "../errors.ts";
import { syncFolder } from "../lake/durable.ts";
import { ensureFolder, exists, isHeld, removeTree } from "../lake/files.ts";
import { removeFolder } from "../lake/folders.ts";
import { givePermissions } from "../lake/group.ts";
import type { Lake } from "../lake/lake.ts";
import { deltaFile } from "../lake/layout.ts";
import { linkExclusive } from "../lake/link.ts";
import type { Database } from "../query/database.ts";
import type { Features } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import type { PartitionFileKey } from "../schema/metadata.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { carriesAttempt, identifyFile } from "./footer.ts";
import type { StoredFile } from "./partition.ts";
import { listPartitionFiles } from "./partition-files.ts";
import { fileName, writePartitionFile } from "./write-file.ts";

/** The moments of a commit, for tests that stop it there. */
export type CommitStep = "write" | "rename" | "tidy" | "done";

export interface CommitEffects {
  /** Throws when another may be at work on the lake by now: asked directly before anything that cannot be taken back. */
  confirm?: (() => Promise<void>) | undefined;
  onStep?: ((step: CommitStep) => void | Promise<void>) | undefined;
}

interface Placement extends CommitEffects {
  /** SQL that gives the rows in their final order. */
  select: string;
  key: Omit<PartitionFileKey, "attempt">;
  features: Features;
  /** It brings no rows: what came since stays above it. */
  isCompaction: boolean;
}

/** Another host changed the partition between the look at it and the commit: nothing of this one counts. */
export class LostRace extends AppError {}

/**
 * Writes a file and gives it a free name in the partition: the commit. Gives the file as it then lies there. However late
 * the file system carries the naming out, it replaces nothing; and nothing at all once the work file is gone. Throws
 * `LostRace`.
 */
export async function placeFile(
  database: Database,
  lake: Lake,
  partition: PartitionKey,
  { select, key, features, isCompaction, confirm, onStep }: Placement,
): Promise<StoredFile> {
  const attempt = crypto.randomUUID();
  const workFolder = lake.layout.work(attempt);
  try {
    await ensureFolder(workFolder, lake.modes);
    const target = join(workFolder, `${fileName(key)}.tmp`);
    const written = await writePartitionFile(database, {
      select,
      target,
      key: { ...key, attempt },
      features,
    });
    await givePermissions(target, lake.modes.file);
    const folder = lake.layout.partition(partition);
    await makeFolder(lake, folder);
    const path = join(folder, fileName(key));
    await onStep?.("rename");
    await confirm?.();
    await giveName(lake, target, path, attempt);
    if (!isCompaction) await requireLive(partition, path, key);
    const { identity } = await identifyFile(path);
    const stored = { ...written, path, identity, uploads: key.uploads };
    return { ...stored, features: describeFeatures(written.columns, features) };
  } finally {
    await removeFolder(workFolder).catch(() => {}); // whoever holds the work lease next sweeps it
  }
}

/** It counts when the file that is found there is ours, whatever the answer was: a request may be told twice, or late. */
async function giveName(lake: Lake, file: string, path: string, attempt: string): Promise<void> {
  let isGiven = false;
  let cause: unknown;
  try {
    isGiven = await linkExclusive(file, path);
  } catch (error) {
    cause = error;
  }
  await removeTree(file); // first: what still hangs has nothing to name any more
  const startedMs = performance.now();
  while (!(await carriesAttempt(path, attempt))) {
    // A network mount may say for a while that what it has named itself is not there.
    if (!isGiven || performance.now() - startedMs > lake.view.staleMs) throw await refusal(path, cause);
    await Bun.sleep(100);
  }
  await syncFolder(dirname(path));
}

/** Another has the name, or has taken the work file away; a removed file may keep its name while somebody has it open. */
async function refusal(path: string, cause: unknown): Promise<unknown> {
  const isLost = cause === undefined || ["ENOENT", "EBUSY"].includes(systemCode(cause) ?? "");
  if (!isLost && !(isHeld(cause) && (await exists(path)))) return cause;
  return new LostRace("conflict", `another host wrote to ${dirname(path)} at the same time; try again`, {
    details: { path, errno: systemCode(cause) },
    cause,
  });
}

/**
 * Takes the file back when others went on from an older version meanwhile: one that stands for the version of another
 * would hide that, or be hidden.
 */
async function requireLive(
  partition: PartitionKey,
  path: string,
  { kind, version }: Placement["key"],
): Promise<void> {
  const { base, deltas, dead } = await listPartitionFiles(dirname(path));
  const isOnTop =
    base === path && deltas.length === 0 && !dead.includes(join(dirname(path), deltaFile(version)));
  const isLive = kind === "base" ? isOnTop : deltas.some((delta) => delta.path === path);
  if (isLive) return;
  await removeTree(path);
  throw new LostRace(
    "conflict",
    `another host changed ${formatPartition(partition)} at the same time (${basename(path)} was undone); try again`,
  );
}

/** A partition's folder whose name is durable in each folder above it; an attempt that died may have left it without. */
async function makeFolder(lake: Lake, folder: string): Promise<void> {
  if ((await listPartitionFiles(folder)).base !== undefined) return;
  await ensureFolder(folder, lake.modes);
  for (let at = dirname(folder); at.startsWith(lake.layout.catalog); at = dirname(at)) await syncFolder(at);
}
