import { syncFolder } from "../lake/durable.ts";
import type { Lake } from "../lake/lake.ts";
import { isFolderThere, isOfEntry } from "../lake/staged-entries.ts";
import type { Logger } from "../log.ts";
import type { UploadOutcome } from "../schema/job.ts";
import { formatPartition } from "../schema/partition.ts";
import { shareRuns } from "../util/share-runs.ts";
import type { Recorder } from "./records.ts";
import { removeSettled } from "./staging.ts";

/** Removes completed uploads from staging while the job continues. */
export interface Removals {
  /** Starts a removal, which waits until the record with its outcome is durable. */
  add(outcome: UploadOutcome): void;
  /** Waits until all are durably gone, except those that cannot be removed. */
  settle(): Promise<void>;
  /** Partitions of committed uploads that remain in processing. */
  readonly unremoved: ReadonlySet<string>;
}

export interface RemovalsOptions {
  lake: Lake;
  logger: Logger;
  recorder: Recorder;
  /** Called for an upload that cannot be removed; the partition's log identifies it later. */
  onLeft(uploadId: string): void;
  /** Throws if another process may be working on the lake. */
  confirm(): Promise<void>;
}

export function createRemovals({ lake, logger, recorder, onLeft, confirm }: RemovalsOptions): Removals {
  const sync = shareRuns(() => syncFolder(lake.layout.processing));
  const unremoved = new Set<string>();
  let removals: Promise<void>[] = [];
  const remove = async ({ upload_id, ...outcome }: UploadOutcome) => {
    try {
      await confirm();
      await removeSettled(lake, upload_id, sync);
    } catch (error) {
      if (!isOfEntry(error)) throw error;
      logger.warn("a completed upload cannot be removed from staging", { upload_id, error });
      if (!(await isFolderThere(lake.layout.upload("processing", upload_id)))) return;
      unremoved.add(formatPartition(outcome));
      onLeft(upload_id);
    }
  };
  return {
    unremoved,
    add: (outcome) => {
      const removal = recorder.save().then(() => remove(outcome));
      removal.catch(() => {}); // awaited in settle
      removals.push(removal);
    },
    settle: async () => {
      if (removals.length === 0) return;
      await recorder.flush();
      const begun = removals;
      removals = [];
      await Promise.all(begun);
      const { processing, pending } = lake.layout;
      await Promise.all([syncFolder(processing), syncFolder(pending)]);
    },
  };
}
