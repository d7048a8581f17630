import { AppError } from "../errors.ts";
import { awaitUploadManifest } from "../lake/manifests.ts";
import type { View } from "../lake/view.ts";
import type { UploadManifest } from "../schema/upload.ts";

/** Reads the manifest of an upload to process. Throws `corrupt` with advice, `not_whole`, system errors. */
export async function requireManifest(folder: string, uploadId: string, view: View): Promise<UploadManifest> {
  const refuse = (problem: string, cause?: unknown) =>
    new AppError(
      "corrupt",
      `upload ${uploadId} cannot be processed: its upload.json ${problem}; upload the data again, and remove this one from staging/failed`,
      { details: { upload_id: uploadId }, cause },
    );
  const manifest = await awaitUploadManifest(folder, view).catch((error) => {
    const problem = error instanceof AppError ? error.details?.problem : undefined;
    throw error.code === "corrupt" && typeof problem === "string" ? refuse(problem, error) : error;
  });
  if (manifest === undefined) throw refuse("is missing");
  if (manifest.upload_id !== uploadId) throw refuse(`belongs to ${manifest.upload_id}`);
  return manifest;
}
