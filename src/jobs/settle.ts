import { AppError, toAppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { isOfEntry } from "../lake/staged-entries.ts";
import type { Logger } from "../log.ts";
import type { UploadOutcome } from "../schema/job.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { failedOutcome, leftOutcome } from "./outcome.ts";
import { failUpload, handBackUpload } from "./staging.ts";

export interface FailedUpload {
  uploadId: string;
  manifest: UploadManifest | undefined;
  jobId: string;
}

/** Moves a claimed upload to `failed/`, or reports that it stays in place. Rethrows unrelated errors. */
export async function settleFailed(
  lake: Lake,
  { uploadId, manifest, jobId }: FailedUpload,
  cause: unknown,
): Promise<UploadOutcome> {
  try {
    await failUpload(lake, uploadId, cause, jobId);
    return failedOutcome(uploadId, manifest, cause);
  } catch (error) {
    if (!isOfEntry(error)) throw error;
    const { code, message, details } = toAppError(cause);
    const why = new AppError(
      code,
      `${message}; it could not be moved to failed: ${toAppError(error).message}`,
      {
        ...(details && { details }),
      },
    );
    return leftOutcome(uploadId, manifest, why, "processing");
  }
}

/** Makes an unfinished upload pending again; one that cannot be moved is resumed in place. */
export async function settleUnfinished(lake: Lake, uploadId: string, logger: Logger): Promise<void> {
  try {
    await handBackUpload(lake, uploadId);
  } catch (error) {
    if (!isOfEntry(error)) throw error;
    logger.warn("an upload stays in processing", { upload_id: uploadId, error });
  }
}
