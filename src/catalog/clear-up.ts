import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { dropPrepared } from "../lake/replace.ts";
import type { Database } from "../query/database.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { metadataPath, tidyPartition, writeMetadata } from "./metadata.ts";
import { assemblePartition, type PartitionState, type StoredFile } from "./partition.ts";
import { removeDead } from "./partition-files.ts";

/** Clears up after the commit of `file` by what is known of the partition before it. Gives the partition. */
export async function clearUp(
  database: Database,
  lake: Lake,
  before: PartitionState | undefined,
  partition: PartitionKey,
  file: StoredFile,
  confirm?: () => Promise<void>,
): Promise<PartitionState> {
  if (!before) {
    const state = await tidyPartition(database, lake, partition);
    if (state) return state;
    throw new AppError("conflict", `${file.path} vanished after it was written; upload it again`);
  }
  const isDelta = file.kind === "delta";
  const left = await removeDead([
    ...before.deadFiles,
    ...(isDelta ? [] : before.files.map(({ path }) => path)),
  ]);
  const state = assemblePartition(partition, isDelta ? [...before.files, file] : [file], left);
  // Whoever worked here before may be alive, with a rename that hangs over a dead network.
  await dropPrepared(metadataPath(lake, partition));
  await writeMetadata(lake, state, confirm);
  return state;
}
