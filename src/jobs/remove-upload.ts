import * as v from "valibot";
import { AppError } from "../errors.ts";
import { syncFolder } from "../lake/durable.ts";
import { removeFolder } from "../lake/folders.ts";
import type { Lake } from "../lake/lake.ts";
import { readSoundManifest } from "../lake/manifests.ts";
import { requireSuitedMount } from "../lake/mount-check.ts";
import { listEntries } from "../lake/staged-entries.ts";
import type { RemovedUpload } from "../schema/catalog-documents.ts";
import { UploadIdSchema } from "../schema/names.ts";
import { placeOf } from "../schema/upload-list.ts";
import { takeAway } from "./staging.ts";

export interface RemoveOptions {
  /** Only an upload of this account or token; default anyone's. */
  owner?: string | undefined;
}

/**
 * Removes an upload that waits or has failed, with all that it brought: one rename takes it out of staging, so that a job
 * has either claimed it before or never sees it. Throws `not_found`, `conflict` for one in work or that is no upload,
 * `forbidden` for another owner's.
 */
export async function removeUpload(
  lake: Lake,
  uploadId: string,
  { owner }: RemoveOptions = {},
): Promise<RemovedUpload> {
  await requireSuitedMount(lake.root);
  const details = { upload_id: uploadId };
  const isId = v.is(UploadIdSchema, uploadId);
  const entries = isId ? (await listEntries(lake)).filter((entry) => entry.upload_id === uploadId) : [];
  const [entry] = entries;
  const inWork = () =>
    new AppError(
      "conflict",
      `upload ${uploadId} is being processed; cancel its job first (\`datalake process list\` names it), which makes it pending again`,
      { details },
    );
  if (entry === undefined) {
    throw new AppError(
      "not_found",
      `no upload ${uploadId} is pending or has failed; see \`datalake process list\``,
      { details },
    );
  }
  if (entries.some(({ state }) => state === "processing")) throw inWork();
  // Of two of one name nobody knows which is meant.
  const odd = entries.find(({ problem }) => problem !== undefined);
  if (odd !== undefined) throw new AppError("conflict", `${placeOf(odd)} ${odd.problem}`, { details });
  const folder = lake.layout.upload(entry.state, uploadId);
  const manifest = await readSoundManifest(folder);
  if (owner !== undefined && manifest?.created_by !== owner) {
    const whose = manifest === undefined ? "cannot be read" : `is of ${manifest.created_by}`;
    throw new AppError("forbidden", `upload ${uploadId} ${whose}; an administrator can remove it`, {
      details,
    });
  }
  const leaving = lake.layout.settled(uploadId);
  if (!(await takeAway(folder, leaving))) throw inWork();
  await syncFolder(lake.layout[entry.state]);
  await removeFolder(leaving);
  return {
    upload_id: uploadId,
    provider: manifest?.provider ?? null,
    dataset: manifest?.dataset ?? null,
    task: manifest?.task ?? null,
    variant: manifest?.variant ?? null,
    rows: manifest?.rows ?? null,
    status: "removed",
  };
}
