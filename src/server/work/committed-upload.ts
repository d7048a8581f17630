import { readCommitted } from "../../ingest/receive.ts";
import { listUploadsOf } from "../../jobs/upload-list.ts";
import type { Lake } from "../../lake/lake.ts";
import type { PartitionKey } from "../../schema/partition.ts";

/** An upload that was handed over: it is on its way, or done. */
export interface CommittedUpload extends PartitionKey {
  /** Of a completed one those that were published. */
  rows: number;
  /** Null where it is not known any more. */
  owner: string | null;
}

/** Completed uploads that one is looked for among. */
const COMPLETED = 1000;

/** The upload of that id, if it was committed: a client that lost the response asks again. */
export async function findCommittedUpload(
  lake: Lake,
  uploadId: string,
): Promise<CommittedUpload | undefined> {
  const manifest = await readCommitted(lake, uploadId);
  if (manifest !== undefined) return { ...manifest, owner: manifest.created_by };
  const listed = await listUploadsOf(lake, { completed: COMPLETED });
  const done = listed.find(({ upload_id }) => upload_id === uploadId);
  if (done === undefined) return undefined;
  const { provider, dataset, task, variant, rows, uploaded_by: owner } = done;
  const key = {
    provider: provider ?? "",
    dataset: dataset ?? "",
    task: task ?? "",
    variant: variant ?? "",
  };
  return { ...key, rows: rows ?? 0, owner };
}

/** Whether it is the caller's; callers have no name where no token is needed. */
export function isOwn({ owner }: CommittedUpload, caller: string | undefined): boolean {
  return caller === undefined || owner === caller;
}
