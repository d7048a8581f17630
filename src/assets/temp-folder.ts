import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "../errors.ts";
import { ensureFolder, namesIn } from "../lake/files.ts";
import { removeFolder } from "../lake/folders.ts";
import { groupToGive } from "../lake/group.ts";
import type { Lake } from "../lake/lake.ts";
import type { DatasetKey } from "../schema/partition.ts";

/** Closed to others, so that they cannot open new files before their mode is set. */
const CLOSED = 0o700;

/**
 * Creates a folder for a dataset's future assets and removes those of dead processes; only one process at a
 * time stores assets. `group` is the group to set on these files, or null.
 */
export async function openTempFolder(
  lake: Lake,
  dataset: DatasetKey,
): Promise<{ path: string; group: number | null }> {
  const root = lake.layout.datasetAssets(dataset);
  await ensureFolder(root, lake.modes);
  for (const name of await namesIn(root)) {
    if (lake.layout.isAssetTemp(name)) await removeFolder(join(root, name)).catch(ignoreForeign);
  }
  const path = lake.layout.assetTemp(dataset, crypto.randomUUID().slice(0, 8));
  await mkdir(path, { mode: CLOSED });
  return { path, group: groupToGive(await stat(root), await stat(path)) ?? null };
}

/** Owned by another account, which removes it later. */
function ignoreForeign(error: unknown): void {
  if (!["EACCES", "EPERM"].includes(systemCode(error) ?? "")) throw error;
}
