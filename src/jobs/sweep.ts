import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { removeFolder } from "../lake/folders.ts";
import { refreshListing } from "../lake/fresh-listing.ts";
import type { Lake } from "../lake/lake.ts";
import { isOfEntry } from "../lake/staged-entries.ts";

type OnLeft = (path: string, error: unknown) => void;

/**
 * Removes files that other processes were adding to the catalog. The first step after taking the work lease:
 * afterwards no hung or silent host can publish a file, however late its file system executes the rename.
 * Logs what it cannot remove.
 */
export async function sweepWork(lake: Lake, onLeft: OnLeft): Promise<void> {
  const { jobs, isWork } = lake.layout;
  await refreshListing(jobs);
  for (const name of await readdir(jobs)) if (isWork(name)) await sweep(join(jobs, name), onLeft);
}

/** Removes settled uploads of crashed processes. Logs what it cannot remove. */
export async function sweepSettled(lake: Lake, onLeft: OnLeft): Promise<void> {
  for (const name of await readdir(lake.layout.processing)) {
    const uploadId = /^\.settled-(.+)$/.exec(name)?.[1];
    if (uploadId !== undefined) await sweep(lake.layout.settled(uploadId), onLeft);
  }
}

async function sweep(path: string, onLeft: OnLeft): Promise<void> {
  await removeFolder(path).catch((error) => {
    if (!isOfEntry(error)) throw error;
    onLeft(path, error);
  });
}
