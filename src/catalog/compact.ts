import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { clearUp } from "./clear-up.ts";
import { lagsBehind, openColumns } from "./open-columns.ts";
import { type PartitionState, readOwnPartition } from "./partition.ts";
import { type CommitEffects, LostRace, placeFile } from "./place.ts";
import { selectRows } from "./rows.ts";

/** A partition is compacted when it has more deltas than this... */
export const MAX_DELTAS = 32;
/** ...or when they hold more than this part of the base's bytes, or files do not have the type that a column got later. */
const MAX_DELTA_SHARE = 0.25;

export function compactionDue(state: PartitionState): boolean {
  const [base, ...deltas] = state.files;
  const deltaBytes = deltas.reduce((sum, file) => sum + file.bytes, 0);
  const isLarge = deltaBytes > (base?.bytes ?? 0) * MAX_DELTA_SHARE;
  return deltas.length > MAX_DELTAS || isLarge || lagsBehind(state);
}

/**
 * Makes one base of a partition's files when it has many or large deltas: the same rows in the same order, the same
 * version and log. Says whether it did.
 */
export async function compactIfDue(
  database: Database,
  lake: Lake,
  key: PartitionKey,
  effects: CommitEffects = {},
): Promise<boolean> {
  const state = await readOwnPartition(database, lake, key);
  if (!state || !compactionDue(state)) return false;
  try {
    await compactPartition(database, lake, state, effects);
    return true;
  } catch (error) {
    if (error instanceof LostRace) return false; // it only saves time, and another did it, or wrote meanwhile
    throw error;
  }
}

/** Makes one base of the live files, streamed. Throws `corrupt` when the rows do not add up. */
export async function compactPartition(
  database: Database,
  lake: Lake,
  state: PartitionState,
  { confirm, onStep }: CommitEffects = {},
): Promise<void> {
  const { version, rows, uploads, columns, features } = state;
  if (state.files.length === 1) return; // it is one base already
  const logged = uploads.reduce((sum, entry) => sum + entry.rows, 0);
  if (logged !== rows) {
    throw new AppError(
      "corrupt",
      `the partition ${formatPartition(state.key)} has ${rows} rows, but its log says ${logged}; restore it from a backup`,
    );
  }
  await onStep?.("write");
  const file = await placeFile(database, lake, state.key, {
    select: selectRows(state.files, columns),
    key: { format: 1, kind: "base", version, rows, uploads, ...openColumns(columns) },
    features,
    isCompaction: true,
    confirm,
    onStep,
  });
  await onStep?.("tidy");
  await confirm?.();
  await clearUp(database, lake, state, state.key, file, confirm);
  await onStep?.("done");
}
