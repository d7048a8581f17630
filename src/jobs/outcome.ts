import { toAppError } from "../errors.ts";
import type { UploadOutcome } from "../schema/job.ts";
import type { UploadManifest } from "../schema/upload.ts";

/** Initial entry of an upload in a job's record. */
export function emptyOutcome(
  uploadId: string,
  manifest: UploadManifest | undefined,
  status: UploadOutcome["status"],
): UploadOutcome {
  return {
    upload_id: uploadId,
    provider: manifest?.provider ?? "unknown",
    dataset: manifest?.dataset ?? "unknown",
    task: manifest?.task ?? "unknown",
    variant: manifest?.variant ?? "unknown",
    status,
    rows: 0,
    rejected: 0,
    assets: { stored: 0, deduplicated: 0, bytes: 0 },
    ...(manifest && { uploaded_by: manifest.created_by, uploaded_at: manifest.created_at }),
  };
}

export function failedOutcome(
  uploadId: string,
  manifest: UploadManifest | undefined,
  cause: unknown,
): UploadOutcome {
  const { code, message, details } = toAppError(cause);
  const rejected = typeof details?.rejected === "number" ? details.rejected : 0;
  return { ...emptyOutcome(uploadId, manifest, "failed"), rejected, error: { code, message } };
}

/** The upload failed and stays in place: `cause` says why and what to do. */
export function leftOutcome(
  uploadId: string,
  manifest: UploadManifest | undefined,
  cause: unknown,
  left_in: "pending" | "processing",
): UploadOutcome {
  return { ...failedOutcome(uploadId, manifest, cause), left_in };
}

/** The upload is pending again, as before. */
export function handedBackOutcome(uploadId: string, manifest: UploadManifest | undefined): UploadOutcome {
  return emptyOutcome(uploadId, manifest, "cancelled");
}
