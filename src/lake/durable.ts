import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { systemCode } from "../errors.ts";
import { type FlushThread, startFlushThread } from "./flush-thread.ts";

/** SMB refuses to sync a folder with one of these; the rename itself is then as durable as the server makes it. */
const FOLDER_SYNC_UNSUPPORTED = new Set(["ENOENT", "EINVAL", "ENOTSUP", "EOPNOTSUPP"]);

/** Makes a file's content durable. An error is final for that file: write it again under another name. */
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

/**
 * Makes everything written so far to the file system that holds `folder` durable, at the price of one flush: for a
 * batch of new files. Where the system has no syncfs(2) (macOS), syncs each of `files` instead.
 */
export async function syncBatch(folder: string, files: Iterable<string>): Promise<void> {
  if (await syncFileSystem(folder)) return;
  for (const file of files) await syncFile(file);
}

let flushThread: FlushThread | undefined;

/** Flushes the whole file system that holds `folder`; says whether this system can (syncfs(2) on Linux with glibc). */
export async function syncFileSystem(folder: string): Promise<boolean> {
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
