import { join } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { writeJson } from "../lake/json-file.ts";
import type { Lake } from "../lake/lake.ts";
import { METADATA_FILE } from "../lake/layout.ts";
import { readPartitionMetadata } from "../lake/manifests.ts";
import type { Database } from "../query/database.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { describeMetadata, type PartitionState, readPartition } from "./partition.ts";
import { removeDead } from "./partition-files.ts";

const ATTEMPTS = 10;

/**
 * Brings a partition's folder in line with its files: removes dead ones, rewrites `_metadata.json` when it disagrees.
 * Gives the state, undefined when there is none. Two at once converge: each looks at the files again after it wrote.
 */
export async function tidyPartition(
  database: Database,
  lake: Lake,
  key: PartitionKey,
): Promise<PartitionState | undefined> {
  for (let attempt = 0; ; attempt++) {
    const state = await readPartition(database, lake, key);
    if (!state) return undefined;
    state.deadFiles = await removeDead(state.deadFiles);
    if ((await metadataAgrees(lake, key, describeMetadata(state))) || attempt === ATTEMPTS) return state;
    try {
      await writeMetadata(lake, state);
    } catch (error) {
      // Whoever has the partition's lease removes what others prepared.
      if (!isMissing(error)) throw error;
    }
  }
}

/** Where a partition's `_metadata.json` lies. */
export function metadataPath(lake: Lake, key: PartitionKey): string {
  return join(lake.layout.partition(key), METADATA_FILE);
}

/**
 * Writes `_metadata.json`: for the one writer of a partition, who knows what its files say. `confirm` throws when it is not
 * the one any more.
 */
export async function writeMetadata(
  lake: Lake,
  state: PartitionState,
  confirm?: () => Promise<void>,
): Promise<void> {
  const path = metadataPath(lake, state.key);
  await writeJson(path, describeMetadata(state), lake.modes, confirm && { confirm });
}

/** Whether a partition's folder needs `tidyPartition`: leftovers, or another `_metadata.json` than its files say. */
export async function isTidy(lake: Lake, state: PartitionState): Promise<boolean> {
  return state.deadFiles.length === 0 && metadataAgrees(lake, state.key, describeMetadata(state));
}

async function metadataAgrees(lake: Lake, key: PartitionKey, wanted: object): Promise<boolean> {
  try {
    return Bun.deepEquals(await readPartitionMetadata(lake, key), wanted);
  } catch (error) {
    if (error instanceof AppError && error.code === "corrupt") return false;
    throw error;
  }
}
