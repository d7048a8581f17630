import { readdirSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { findListed } from "../assets/resolve.ts";
import { throwIfCancelled } from "../errors.ts";
import { syncBatch } from "../lake/durable.ts";
import { ensureFolder } from "../lake/files.ts";
import { removeFolder } from "../lake/folders.ts";
import { givePermissions } from "../lake/group.ts";
import { writeJson } from "../lake/json-file.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { listPartitions } from "../lake/manifests.ts";
import { requireSuitedMount } from "../lake/mount-check.ts";
import { renameDurable } from "../lake/replace.ts";
import { refuseNewNames } from "../lake/taken-names.ts";
import { readTaxonomy } from "../lake/taxonomy.ts";
import { createUploadId } from "../schema/names.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { checkMode, readWaitingUploads, requireRawData } from "./lake-checks.ts";
import { nearNameNotices } from "./near-names.ts";
import { createContentStager } from "./stage-contents.ts";
import { pickWaiting } from "./staged-already.ts";
import type { UploadCheck, UploadChecked, UploadDestination } from "./upload-destination.ts";

export interface LocalOptions extends Partial<Pick<UploadDestination, "heldNames">> {
  uploadId?: string;
}

/**
 * A lake by its folder: an upload is staged in it and becomes pending by one rename. With `uploadId` it takes that one
 * upload only, else any number, each under an id of its own.
 */
export function localDestination(
  lake: Lake,
  { uploadId: given, heldNames = async () => [] }: LocalOptions = {},
): UploadDestination {
  return {
    taxonomy: () => readTaxonomy(lake),
    partitions: () => knownPartitions(lake),
    check: (check) => checkUpload(lake, check),
    heldNames,
    begin: async ({ key }, _identity, signal) => {
      const uploadId = given ?? createUploadId();
      const folder = join(lake.layout.incoming, uploadId);
      const layout = createUploadLayout(folder);
      throwIfCancelled(signal);
      try {
        await makeIncoming(lake, folder);
        const stager = await createContentStager({
          lake,
          upload: layout,
          isStored: async (hash) => (await findListed(lake, key, hash)) !== undefined,
          ...(signal ? { signal } : {}),
        });
        return {
          uploadId,
          stager,
          rows: layout.rows.stagedAt,
          commit: (manifest, stop) => publishUpload(lake, folder, manifest, stop),
          abort: () => removeFolder(folder),
        };
      } catch (error) {
        await removeFolder(folder);
        throw error;
      }
    },
  };
}

/** Partitions in the catalog's tree, and those that uploads on their way will make. */
export async function knownPartitions(lake: Lake): Promise<PartitionKey[]> {
  const waiting = await readWaitingUploads(lake);
  return [...(await listPartitions(lake)), ...waiting].map(({ provider, dataset, task, variant }) => ({
    provider,
    dataset,
    task,
    variant,
  }));
}

/** Throws what `UploadDestination.check` does. */
export async function checkUpload(
  lake: Lake,
  { key, mode, columns, refersToRaw }: UploadCheck,
): Promise<UploadChecked> {
  const waiting = await readWaitingUploads(lake);
  const added = await refuseNewNames(lake, key, { waiting });
  const there = await checkMode(lake, key, mode, columns, waiting);
  if (refersToRaw) await requireRawData(lake, key, waiting);
  const name = formatPartition(key);
  const before =
    mode === "append"
      ? waiting.filter((manifest) => formatPartition(manifest) === name).map(pickWaiting)
      : [];
  return { ...there, notices: nearNameNotices(key, added), waiting: before };
}

/** Nobody else opens or puts anything in it while it is written. */
const CLOSED = 0o700;

/** Makes the folder of an upload that is about to be staged; one that is there stays. */
export async function makeIncoming(lake: Lake, folder: string): Promise<void> {
  await requireSuitedMount(lake.root);
  await ensureFolder(lake.layout.incoming, lake.modes);
  await mkdir(folder, { recursive: true, mode: CLOSED });
  await givePermissions(folder, CLOSED);
}

/** Makes a staged folder durable and pending: one sync, the manifest, one rename, which is the acknowledgement. */
export async function publishUpload(
  lake: Lake,
  folder: string,
  manifest: UploadManifest,
  signal?: AbortSignal,
): Promise<UploadManifest> {
  const { rows, manifest: described } = createUploadLayout(folder);
  await givePermissions(rows.stagedAt, lake.modes.file);
  await syncBatch(folder, listFiles(folder));
  throwIfCancelled(signal);
  await writeJson(described.stagedAt, manifest, lake.modes);
  throwIfCancelled(signal);
  await ensureFolder(lake.layout.pending, lake.modes);
  await givePermissions(folder, lake.modes.folder);
  await renameDurable(folder, join(lake.layout.pending, manifest.upload_id));
  return manifest;
}

/** Lazy: only looked at where the file system cannot be synced as a whole. */
function* listFiles(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path);
    else yield path;
  }
}
