import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { systemCode } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import { createUploadLayout } from "../../lake/layout.ts";
import { inspectLease } from "../../lake/lease.ts";
import { listUploads, readUploadManifest } from "../../lake/manifests.ts";
import { readStagedJson } from "../../lake/staged-file.ts";
import { isUploadInWork } from "../../lake/upload-lease.ts";
import { UploadFailureSchema } from "../../schema/upload.ts";
import { type Check, collectPlaces, type DoctorContext, placesFinding } from "./check.ts";

const DAY_MS = 24 * 3600 * 1000;

/** Uploads wait, are in work or have failed: none is damaged, and none is forgotten. */
export const uploadCheck: Check = {
  name: "uploads",
  run: async ({ lake }) => {
    const failed = collectPlaces();
    const damaged = collectPlaces();
    const abandoned = collectPlaces();
    const counts = { pending: 0, processing: 0 };
    for (const state of ["pending", "processing"] as const) {
      for (const id of await listUploads(lake, state)) {
        const folder = lake.layout.upload(state, id);
        counts[state]++;
        const manifest = await readUploadManifest(folder).catch(() => undefined);
        // It may have moved on since it was listed; a folder that is still there must have its manifest.
        if (manifest === undefined && (await isThere(folder))) damaged.add(`${state}/${id}`);
        if (state === "processing" && !(await isUploadInWork(createUploadLayout(folder).lease))) {
          if (await isThere(folder)) abandoned.add(`${state}/${id}`);
        }
      }
    }
    for (const id of await listUploads(lake, "failed")) {
      const { error } = createUploadLayout(lake.layout.upload("failed", id));
      const failure = await readStagedJson(error, UploadFailureSchema).catch(() => undefined);
      failed.add(failure === undefined ? id : `${id} (${failure.code}: ${failure.message})`);
    }
    const findings = [
      ...placesFinding(
        "problem",
        damaged,
        "uploads cannot be processed: upload.json is missing or damaged",
        "upload the data again, then remove the folders from staging",
      ),
      ...placesFinding(
        "warning",
        abandoned,
        "uploads are in processing, but nobody works on them",
        "run `datalake process start`, or start the server: they are taken up where they stood",
      ),
      ...placesFinding(
        "warning",
        failed,
        "uploads have failed",
        "correct the cause and run `datalake process retry UPLOAD`, or remove the folder from staging/failed",
      ),
    ];
    if (findings.length > 0) return findings;
    return `${counts.pending} waiting, ${counts.processing} in work, none failed`;
  },
};

/** What dead processes left: folders of unfinished uploads, leases, temporary files. */
export const leftoverCheck: Check = {
  name: "leftovers",
  run: async (context) => {
    const { lake } = context;
    const { layout } = lake;
    const place = (path: string) => relative(lake.root, path);
    const incoming = collectPlaces();
    for (const path of await oldEntries(layout.incoming, () => true)) incoming.add(place(path));
    const temporary = collectPlaces();
    const isTemporary = (name: string) =>
      /^\..*\.tmp-[0-9a-f]+$|\.break$|^\.settled-/.test(name) || layout.isWork(name);
    const folders = [lake.root, layout.config, layout.staging, layout.processing, layout.jobs, layout.logs];
    for (const folder of folders) {
      for (const path of await oldEntries(folder, isTemporary)) temporary.add(place(path));
    }
    for (const folder of assetFolders(context)) {
      for (const path of await oldEntries(folder, layout.isAssetTemp)) temporary.add(place(path));
    }
    const leases = collectPlaces();
    for (const path of [layout.processLease, layout.workLease, layout.publishLease, layout.taxonomyLock]) {
      const lease = await inspectLease(path);
      if (lease && !lease.alive) leases.add(`${place(path)} (${lease.holder.purpose})`);
    }
    const findings = [
      ...placesFinding(
        "warning",
        incoming,
        "unfinished uploads lie in staging for more than a day",
        "remove them when nobody is uploading: rm -r staging/.incoming/*",
      ),
      ...placesFinding(
        "warning",
        temporary,
        "temporary files are older than a day",
        "remove them when nothing runs on this lake",
      ),
      ...placesFinding(
        "warning",
        leases,
        "leases are held by dead processes",
        "nothing to do: whoever comes next takes them over",
      ),
    ];
    return findings.length > 0 ? findings : "none";
  },
};

function assetFolders({ lake, partitions }: DoctorContext): Set<string> {
  return new Set(partitions.map((key) => lake.layout.datasetAssets(key)));
}

/** Entries of a folder that were last changed more than a day ago. */
async function oldEntries(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  const old: string[] = [];
  for (const name of await listFolder(folder)) {
    if (!wanted(name)) continue;
    const path = join(folder, name);
    const changedMs = await newestMtimeMs(path);
    if (changedMs !== undefined && Date.now() - changedMs > DAY_MS) old.push(path);
  }
  return old;
}

/** A large upload writes into `files/` for hours while its own folder's time stands still. */
async function newestMtimeMs(path: string): Promise<number | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    const below = (await listFolder(path)).map(async (name) => (await stat(join(path, name))).mtimeMs);
    return Math.max(mtimeMs, ...(await Promise.all(below)));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error) || systemCode(error) === "EACCES") return []; // another account's may be closed
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
