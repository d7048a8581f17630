import { readdir } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { DatasetKey } from "../schema/partition.ts";

/** Whether the dataset stores these very bytes, under any extension: one look into one folder of its 65,536. */
export async function isStoredAsset(lake: Lake, dataset: DatasetKey, hash: string): Promise<boolean> {
  const prefix = basename(lake.layout.assetPath(dataset, hash, ""));
  const folder = dirname(lake.layout.asset(lake.layout.assetPath(dataset, hash, "")));
  try {
    return (await readdir(folder)).some((name) => name.startsWith(prefix) && !name.endsWith(".claim"));
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
