import { comparePartitions, formatPartition } from "../schema/partition.ts";
import type { Build } from "./build.ts";
import { catalogColumns } from "./columns.ts";
import { describeKnown, type KnownPartition } from "./tables.ts";

/** Of a partition that could not be read, or not be tidied: it is looked into again each time. */
export const UNKNOWN_MTIME = "?";

/** What the catalog will hold by the plan: sets `partitions`, and `columns` of all of them. */
export function decideOutcome(build: Build): void {
  const { loads, describes, removes, failures, touches } = build.plan;
  const before = build.published?.partitions ?? [];
  const held = new Map(before.map((partition) => [formatPartition(partition), partition]));
  const partitions = new Map<string, KnownPartition>(build.full ? [] : held);
  for (const key of removes) partitions.delete(formatPartition(key));
  for (const { state, folderMtime } of [...loads, ...describes]) {
    partitions.set(formatPartition(state.key), describeKnown(state, folderMtime));
  }
  for (const { key, folderMtime } of touches) {
    const name = formatPartition(key);
    const partition = partitions.get(name);
    if (partition) partitions.set(name, { ...partition, folder_mtime: folderMtime });
  }
  for (const { key } of failures) {
    const name = formatPartition(key);
    const partition = held.get(name);
    if (partition) partitions.set(name, { ...partition, folder_mtime: UNKNOWN_MTIME });
    else partitions.delete(name);
  }
  build.partitions = new Map(Array.from(partitions).sort(([, a], [, b]) => comparePartitions(a, b)));
  build.columns = catalogColumns(Array.from(build.partitions.values()));
}
