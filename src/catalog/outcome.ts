import { comparePartitions, formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { Build } from "./build.ts";
import { house } from "./houses.ts";
import { describeKnown, type KnownPartition } from "./tables.ts";

/** Of a partition that could not be read, or not be tidied: it is looked into again each time. */
export const UNKNOWN_MTIME = "?";

/**
 * What the catalog will hold by the plan, and where: sets `partitions`. A partition whose columns are others than before
 * is loaded whole, into another home.
 */
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
  for (const { key, isLost = false } of failures) {
    const name = formatPartition(key);
    const partition = held.get(name);
    if (partition === undefined || isLost) partitions.delete(name);
    else if (partition.folder_mtime === UNKNOWN_MTIME) partitions.set(name, partition);
    else partitions.set(name, { ...partition, folder_mtime: UNKNOWN_MTIME });
  }
  const sorted = Array.from(partitions).sort(([, a], [, b]) => comparePartitions(a, b));
  const tenants = sorted.map(([name, { rows, columns }]) => ({ name, rows, columns }));
  const moved = house(build.houses, tenants);
  loadMoved(build.plan, moved);
  build.partitions = new Map(
    sorted.map(([name, partition]) => {
      const { part, home, cells } = build.houses.byName.get(name) ?? partition;
      // One that stays as it was stays the same object: nothing of it is written again.
      const isSame = partition.part === part && partition.home === home && partition.cells === cells;
      return [name, isSame ? partition : { ...partition, part, home, cells }];
    }),
  );
}

function loadMoved(plan: Build["plan"], moved: ReadonlySet<string>): void {
  for (const load of plan.loads) if (moved.has(formatPartition(load.state.key))) load.rowStart = 0;
  const isMoved = ({ state }: { state: { key: PartitionKey } }) => moved.has(formatPartition(state.key));
  for (const { state, folderMtime } of plan.describes.filter(isMoved))
    plan.loads.push({ state, folderMtime, rowStart: 0 });
  plan.describes = plan.describes.filter((describe) => !isMoved(describe));
}
