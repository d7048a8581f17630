import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { readSoundManifest } from "../lake/manifests.ts";
import { isOfEntry } from "../lake/staged-entries.ts";
import type { Logger } from "../log.ts";
import type { UploadOutcome } from "../schema/job.ts";
import { ChildDeath, takeSuspects, type WorkChild } from "./child-process.ts";
import { handedBackOutcome, leftOutcome } from "./outcome.ts";
import { settleFailed, settleUnfinished } from "./settle.ts";
import type { StagedUpload } from "./staged-uploads.ts";
import { claimUpload } from "./staging.ts";

export interface CrashPolicyOptions {
  lake: Lake;
  logger: Logger;
  signal: AbortSignal;
  jobId: string;
  /** Where the child's workers record what they are processing. */
  folder: string;
  child(): Promise<WorkChild>;
  dropChild(): void;
  /** Throws if another process may be working on the lake. */
  confirm?(): Promise<void>;
}

type Staged = Pick<StagedUpload, "upload_id" | "manifest">;

/** Child deaths allowed per upload, without and with a suspect. */
const MAX_BLIND_DEATHS = 2;
const MAX_DEATHS = 50;

/**
 * Processes one upload in the child, retrying when it dies. Contents being processed become suspects, which
 * the next child tries one at a time; one that kills it again is rejected as a row. An upload with child
 * deaths but no suspects fails.
 */
export async function processWithRetries(
  staged: Staged,
  options: CrashPolicyOptions,
): Promise<UploadOutcome> {
  const { upload_id: uploadId } = staged;
  const suspects = new Set<string>();
  const quarantined = new Set<string>();
  let blindDeaths = 0;
  for (let deaths = 0; ; ) {
    try {
      const child = await options.child();
      // Cancelled while it started, when it had nothing to cancel.
      if (options.signal.aborted) return handBack(staged, options);
      const { upload } = await child.process({
        type: "process",
        upload_id: uploadId,
        suspects: [...suspects],
        quarantined: [...quarantined],
      });
      return upload;
    } catch (error) {
      if (!(error instanceof ChildDeath)) throw error;
      options.dropChild();
      if (options.signal.aborted) return handBack(staged, options);
      deaths += 1;
      const named = await takeSuspects(options.folder);
      options.logger.warn("the worker process died; it is restarted", {
        upload_id: uploadId,
        reason: error.message,
        suspects: named,
      });
      const culprit =
        named.length === 1 && named[0] !== undefined && suspects.has(named[0]) ? named[0] : undefined;
      if (culprit !== undefined) {
        suspects.delete(culprit);
        quarantined.add(culprit);
      } else {
        for (const suspect of named) suspects.add(suspect);
        if (named.length === 0) blindDeaths += 1;
      }
      if (blindDeaths >= MAX_BLIND_DEATHS || deaths >= MAX_DEATHS)
        return giveUp(staged, error, deaths, options);
    }
  }
}

async function handBack(
  { upload_id: uploadId, manifest }: Staged,
  { lake, logger, confirm }: CrashPolicyOptions,
): Promise<UploadOutcome> {
  await confirm?.();
  await settleUnfinished(lake, uploadId, logger);
  return handedBackOutcome(uploadId, manifest);
}

async function giveUp(
  { upload_id: uploadId, manifest: listed }: Staged,
  cause: ChildDeath,
  deaths: number,
  { lake, jobId, confirm }: CrashPolicyOptions,
): Promise<UploadOutcome> {
  await confirm?.();
  const error = new AppError(
    "worker_crashed",
    `the worker process died ${deaths} times at upload ${uploadId} (last: ${cause.message}); see the server's log`,
    { cause },
  );
  try {
    const folder = await claimUpload(lake, uploadId);
    const manifest = await readSoundManifest(folder, lake.view);
    return await settleFailed(lake, { uploadId, manifest, jobId }, error);
  } catch (stuck) {
    if (!isOfEntry(stuck)) throw stuck;
    return leftOutcome(uploadId, listed, error, "pending");
  }
}
