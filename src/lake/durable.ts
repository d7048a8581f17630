import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname } from "node:path";
import { systemCode } from "../errors.ts";
import { eachConcurrent } from "../util/concurrent.ts";
import { type FlushThread, startFlushThread } from "./flush-thread.ts";
import { mountOf } from "./mount.ts";

/** SMB refuses to sync a folder with one of these; the rename's durability is then up to the server. */
const FOLDER_SYNC_UNSUPPORTED = new Set(["ENOENT", "EINVAL", "ENOTSUP", "EOPNOTSUPP"]);

/** Makes a file's content durable. An error is final: write the content again to another file. */
export async function syncFile(path: string): Promise<void> {
  await withHandle(path, (handle) => handle.sync());
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  try {
    await withHandle(path, (handle) => handle.sync());
  } catch (error) {
    if (!FOLDER_SYNC_UNSUPPORTED.has(systemCode(error) ?? "")) throw error;
  }
}

const IN_FLIGHT = 16;

/**
 * Makes a batch of new files below `folder` durable with one flush of the file system. If that is
 * unsupported, syncs each of `files` and their folders.
 */
export async function syncBatch(folder: string, files: Iterable<string>): Promise<void> {
  if (await syncFileSystem(folder)) return;
  const folders = new Set([folder]);
  await eachConcurrent(files, IN_FLIGHT, async (file) => {
    for (let at = dirname(file); at.startsWith(`${folder}/`); at = dirname(at)) folders.add(at);
    await syncFile(file);
  });
  await eachConcurrent(folders, IN_FLIGHT, syncFolder);
}

let flushThread: FlushThread | undefined;

/**
 * Flushes the file system of `folder`; false without syncfs(2) (Linux, glibc). No effect on FUSE, but true.
 */
export async function syncFileSystem(folder: string): Promise<boolean> {
  if ((await mountOf(folder)).isFuse) return false;
  flushThread ??= startFlushThread();
  const { flush } = flushThread;
  return withHandle(folder, (handle) => flush(handle.fd));
}

async function withHandle<T>(path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, constants.O_RDONLY);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
