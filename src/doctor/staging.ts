import { lstat } from "node:fs/promises";
import { join, relative } from "node:path";
import { findDamagedJobs } from "../jobs/records.ts";
import { readUploadList } from "../jobs/upload-list.ts";
import { namesIn } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { inspectLease } from "../lake/lease.ts";
import { listPartitions, readPartitionMetadata } from "../lake/manifests.ts";
import { isFolderThere } from "../lake/staged-entries.ts";
import { isUploadInWork } from "../lake/upload-lease.ts";
import type { ListedUpload } from "../schema/upload-list.ts";
import { placeOf } from "../schema/upload-list.ts";
import { type Check, collectPlaces, type DoctorContext, placesFinding } from "./check.ts";

const DAY_MS = 24 * 3600 * 1000;

/** Checks staging for damaged, forgotten and foreign entries. */
export const uploadCheck: Check = {
  name: "uploads",
  run: async ({ lake }) => {
    const failed = collectPlaces();
    const blocked = collectPlaces();
    const processed = collectPlaces();
    const abandoned = collectPlaces();
    const broken = collectPlaces();
    const foreign = collectPlaces();
    const counts = { pending: 0, processing: 0 };
    const { uploads, unusable } = await readUploadList(lake, { completed: 0, patient: true });
    const isWrong = ({ status, error }: ListedUpload) => status === "failed" || error !== undefined;
    const logged = uploads.some(isWrong)
      ? await findLogged(lake, uploads.filter(isWrong))
      : new Set<string>();
    for (const { upload_id: id, status, error } of uploads) {
      if (status === "pending" || status === "processing") counts[status]++;
      if (logged.has(id)) {
        processed.add(`${status}/${id}`);
      } else if (status === "failed") {
        failed.add(error === undefined ? id : `${id} (${error.code}: ${error.message})`);
      } else if (status !== "completed") {
        if (error !== undefined) blocked.add(`${status}/${id} (${error.message})`);
        if (status === "processing" && (await isAbandoned(lake, id))) abandoned.add(`${status}/${id}`);
      }
    }
    for (const entry of unusable) {
      (entry.upload_id === undefined ? foreign : broken).add(`${placeOf(entry)} ${entry.problem}`);
    }
    const findings = [
      ...placesFinding(
        "problem",
        blocked,
        "uploads cannot be processed",
        "follow the advice for each; where upload.json is missing or damaged, upload the data again and remove the folder from staging",
      ),
      ...placesFinding(
        "warning",
        processed,
        "uploads in staging have rows that are already in the catalog",
        "remove the folders from staging; do not upload the data again",
      ),
      ...placesFinding(
        "problem",
        broken,
        "entries with the name of an upload are not uploads",
        "follow the advice for each; the other uploads are processed",
      ),
      ...placesFinding(
        "warning",
        foreign,
        "other files are among the uploads",
        "move them away; uploads are processed anyway",
      ),
      ...placesFinding(
        "warning",
        abandoned,
        "uploads are in processing, but no process is working on them",
        "run `datalake process start`, or start the server: they are resumed",
      ),
      ...placesFinding(
        "warning",
        failed,
        "uploads have failed",
        "fix the cause and run `datalake process retry UPLOAD`, or remove the folder from staging/failed",
      ),
    ];
    if (findings.length > 0) return findings;
    return `${counts.pending} waiting, ${counts.processing} in work, none failed`;
  },
};

/** Uploads recorded in a partition's log: their rows are stored, whatever is in staging. */
async function findLogged(lake: Lake, uploads: readonly ListedUpload[]): Promise<Set<string>> {
  const wanted = new Set(uploads.map(({ upload_id }) => upload_id));
  const found = new Set<string>();
  for (const key of await listPartitions(lake)) {
    const metadata = await readPartitionMetadata(lake, key).catch(() => undefined); // reported by another check
    for (const { upload_id } of metadata?.uploads ?? []) if (wanted.has(upload_id)) found.add(upload_id);
  }
  return found;
}

async function isAbandoned(lake: Lake, uploadId: string): Promise<boolean> {
  const folder = lake.layout.upload("processing", uploadId);
  const isInWork = await isUploadInWork(createUploadLayout(folder).lease).catch(() => false);
  return !isInWork && (await isFolderThere(folder));
}

/** Leftovers of dead processes: folders of unfinished uploads, leases, temporary files. */
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
      /^\..*\.(?:tmp|prev|gone)-[0-9a-z]+(?:-[0-9a-f]+)?$|^\.probe-|\.break$|^\.settled-/.test(name) ||
      layout.isWork(name);
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
    const records = collectPlaces();
    const unseen = collectPlaces();
    for (const { code, message } of await findDamagedJobs(lake)) {
      (code === "not_whole" ? unseen : records).add(message);
    }
    const findings = [
      ...placesFinding(
        "warning",
        records,
        "records of jobs cannot be read",
        "remove them; their uploads are still in the catalog or in staging",
      ),
      ...placesFinding(
        "warning",
        unseen,
        "records of jobs are not seen completely through this mount",
        "run `datalake doctor` on the file server",
      ),
      ...placesFinding(
        "warning",
        incoming,
        "unfinished uploads have been in staging for more than a day",
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

/** Entries of a folder not modified for a day. */
async function oldEntries(folder: string, wanted: (name: string) => boolean): Promise<string[]> {
  const old: string[] = [];
  for (const name of await namesIn(folder)) {
    if (!wanted(name)) continue;
    const path = join(folder, name);
    const changedMs = await newestMtimeMs(path);
    // A name that is not UTF-8 cannot be opened by its decoded form; this program did not create it.
    const isForeign = changedMs === undefined && name.includes("\uFFFD");
    if (isForeign || (changedMs !== undefined && Date.now() - changedMs > DAY_MS)) old.push(path);
  }
  return old;
}

/**
 * Newest modification time, including `files/`, which a large upload fills for hours while its folder's time
 * stays the same. Falls back to the folder's own time if it is unreadable; undefined if it is gone.
 */
async function newestMtimeMs(path: string): Promise<number | undefined> {
  const own = await timeOf(path);
  if (own === undefined) return undefined;
  const names = await namesIn(path).catch(() => []);
  const below = await Promise.all(names.map((name) => timeOf(join(path, name))));
  return Math.max(own, ...below.filter((time) => time !== undefined));
}

async function timeOf(path: string): Promise<number | undefined> {
  return lstat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
}
