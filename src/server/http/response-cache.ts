import { createHash } from "node:crypto";
import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { removeTree } from "../../lake/files.ts";

/** A whole answer on this machine's disk. */
export interface CachedResponse {
  path: string;
  sizeBytes: number;
  /** Differs where the bytes may. */
  etag: string;
}

/** Answers that are read in parts: kept for a minute behind their last reader. */
export interface ResponseCache {
  /**
   * The answer of that key: one that is there, one that is being made, or a new one by `make`, which is stopped
   * when no one waits for it any more. Throws `too_large`, `cancelled`, and what `make` throws.
   */
  take(key: string, signal: AbortSignal, make: MakeResponse): Promise<CachedResponse>;
  /** Removes them all. */
  close(): Promise<void>;
}

export type MakeResponse = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

const KEEP_MS = 60_000;
const MAX_BYTES = 1_000_000_000;
const MAX_FILES = 8;

interface Entry {
  file: Promise<CachedResponse>;
  stop: AbortController;
  waiting: number;
  made: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** Keeps responses in a folder of its own: leftovers in it are removed with the first response. */
export function createResponseCache(folder: string): ResponseCache {
  const entries = new Map<string, Entry>();
  let emptied: Promise<unknown> | undefined;
  const empty = async () => {
    await removeTree(folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
  };
  const write = async (name: string, chunks: AsyncIterable<Uint8Array>) => {
    emptied ??= empty();
    await emptied;
    return writeResponse(join(folder, name), `"${name}"`, chunks);
  };
  const drop = (key: string, entry: Entry) => {
    clearTimeout(entry.timer);
    if (entries.get(key) === entry) entries.delete(key);
    entry.stop.abort();
    entry.file.then(({ path }) => rm(path, { force: true })).catch(() => {});
  };
  const start = (key: string, make: MakeResponse): Entry => {
    const stop = new AbortController();
    const name = createHash("sha256").update(`${key}\0${crypto.randomUUID()}`).digest("hex").slice(0, 32);
    const file = write(name, make(stop.signal));
    const entry: Entry = { file, stop, waiting: 0, made: false, timer: undefined };
    file.then(
      () => {
        entry.made = true;
      },
      () => drop(key, entry),
    );
    entries.set(key, entry);
    for (const [old, other] of entries) {
      if (entries.size <= MAX_FILES) break;
      if (other.made && other.waiting === 0) drop(old, other);
    }
    return entry;
  };
  return {
    take: async (key, signal, make) => {
      throwIfCancelled(signal);
      const entry = entries.get(key) ?? start(key, make);
      entries.delete(key);
      entries.set(key, entry); // the last used is the last to go
      clearTimeout(entry.timer);
      entry.waiting++;
      const gone = Promise.withResolvers<never>();
      const leave = () => gone.reject(new AppError("cancelled", "cancelled"));
      signal.addEventListener("abort", leave, { once: true });
      try {
        return await Promise.race([entry.file, gone.promise]);
      } finally {
        signal.removeEventListener("abort", leave);
        entry.waiting--;
        if (entry.waiting === 0 && !entry.made) drop(key, entry);
        else if (entry.waiting === 0) entry.timer = setTimeout(() => drop(key, entry), KEEP_MS);
      }
    },
    close: async () => {
      for (const [key, entry] of entries) drop(key, entry);
      await removeTree(folder);
    },
  };
}

async function writeResponse(
  path: string,
  etag: string,
  chunks: AsyncIterable<Uint8Array>,
): Promise<CachedResponse> {
  const handle = await open(path, "wx", 0o600);
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > MAX_BYTES) throw tooLarge();
      for (let at = 0; at < chunk.byteLength; ) {
        const { bytesWritten } = await handle.write(chunk, at, chunk.byteLength - at);
        at += bytesWritten;
      }
    }
    return { path, sizeBytes, etag };
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

function tooLarge(): AppError {
  return new AppError(
    "too_large",
    `the response is larger than ${MAX_BYTES} bytes, too large to be read in parts; read it with one plain GET or POST`,
  );
}
