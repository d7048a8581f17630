import { join } from "node:path";
import { type PartitionMetadata, PartitionMetadataSchema } from "../schema/metadata.ts";
import { nameProblem } from "../schema/names.ts";
import { comparePartitions, type PartitionKey } from "../schema/partition.ts";
import { type UploadManifest, UploadManifestSchema } from "../schema/upload.ts";
import { shownNamesIn } from "./files.ts";
import { readJson } from "./json-file.ts";
import type { Lake } from "./lake.ts";
import { createUploadLayout, METADATA_FILE, parsePartitionPath } from "./layout.ts";
import { isFolderThere } from "./staged-entries.ts";
import { readStagedJson } from "./staged-file.ts";
import { seeWhole, type View } from "./view.ts";

/** Reads `upload.json` of an upload; undefined if missing. Throws `corrupt`, with a view `not_whole`. */
export async function readUploadManifest(folder: string, view?: View): Promise<UploadManifest | undefined> {
  return readStagedJson(createUploadLayout(folder).manifest, UploadManifestSchema, view);
}

/**
 * The same for an upload whose folder exists: waits for a manifest that a lagging mount does not show, until
 * it appears, the folder is gone, or the time is over.
 */
export async function awaitUploadManifest(folder: string, view: View): Promise<UploadManifest | undefined> {
  return seeWhole(view, folder, async () => {
    const value = await readUploadManifest(folder, view);
    if (value !== undefined || !(await isFolderThere(folder))) return { isWhole: true, value };
    return {
      isWhole: false,
      problem: "is seen without its upload.json",
      settles: true,
      asSeen: () => undefined,
    };
  });
}

/** `readUploadManifest`, but undefined if unreadable: for places where a bad upload must not stop others. */
export async function readSoundManifest(folder: string, view?: View): Promise<UploadManifest | undefined> {
  return readUploadManifest(folder, view).catch(() => undefined);
}

/**
 * Reads `_metadata.json` of a partition; undefined if missing. Throws `corrupt`, also if seen incompletely.
 */
export async function readPartitionMetadata(
  lake: Lake,
  key: PartitionKey,
): Promise<PartitionMetadata | undefined> {
  // It only repeats the files: if unreadable, they are read instead of waiting.
  return readJson(join(lake.layout.partition(key), METADATA_FILE), PartitionMetadataSchema);
}

/** All partition folders of the lake, sorted; lists four levels of folders and opens no file. */
export async function listPartitions(lake: Lake): Promise<PartitionKey[]> {
  let paths = [""];
  for (let level = 0; level < 4; level++) {
    const below = paths.map(async (path) => {
      const names = await shownNamesIn(join(lake.layout.catalog, path));
      return names.map((name) => (path === "" ? name : `${path}/${name}`));
    });
    paths = (await Promise.all(below)).flat();
  }
  return paths
    .map(parsePartitionPath)
    .filter((key) => key !== undefined)
    .filter((key) => Object.values(key).every((name) => nameProblem(name) === undefined))
    .sort(comparePartitions);
}
