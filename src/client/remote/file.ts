import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import type { ResultFile } from "../../schema/operation.ts";
import type { RemoteHttp } from "./http.ts";

export interface PartRequest {
  /** Where the server has it. */
  path: string;
  file: ResultFile;
  /** Where it goes; what already exists is its beginning. */
  part: string;
  signal: AbortSignal;
  /** A line on which nothing comes for so long is taken for broken. */
  stallMs: number;
  onBytes(bytes: number): void;
}

/** Breaks in a row without a byte between them. */
const FRUITLESS = 8;
const LONGEST_PAUSE_MS = 5000;

/**
 * Fetches a file, from where an earlier call ended, again after each break of the line. Throws `corrupt` when what
 * came does not have the digest (it is removed), `server_unreachable`, `cancelled`, and what the server says.
 */
export async function fetchPart(http: RemoteHttp, request: PartRequest): Promise<void> {
  const { file, part, signal, onBytes } = request;
  const begun = await readBegun(part, file.bytes);
  let { sizeBytes, hasher } = begun;
  const handle = await open(part, sizeBytes === 0 ? "w" : "r+");
  try {
    onBytes(sizeBytes);
    for (let fruitless = 0; sizeBytes < file.bytes; ) {
      const before = sizeBytes;
      const silence = watchSilence(request.stallMs);
      try {
        const attempt = AbortSignal.any([signal, silence.signal]);
        const { body, start } = await openRange(http, { ...request, signal: attempt }, sizeBytes);
        if (start !== sizeBytes) {
          sizeBytes = start; // the whole is sent again
          hasher = new Bun.CryptoHasher("sha256");
        }
        for await (const chunk of body) {
          if (sizeBytes + chunk.byteLength > file.bytes) throw damaged(file, http.url);
          await writeWhole(handle, chunk, sizeBytes);
          hasher.update(chunk);
          silence.reset();
          sizeBytes += chunk.byteLength;
          onBytes(sizeBytes);
        }
      } catch (error) {
        throwIfCancelled(signal);
        if (!(silence.signal.aborted || isBreak(error))) throw error;
        if (sizeBytes <= before && fruitless + 1 >= FRUITLESS) throw broken(http.url, file, error);
      } finally {
        silence.end();
      }
      throwIfCancelled(signal);
      if (sizeBytes >= file.bytes) break;
      fruitless = sizeBytes > before ? 0 : fruitless + 1;
      if (fruitless >= FRUITLESS) throw broken(http.url, file, undefined);
      await Bun.sleep(Math.min(LONGEST_PAUSE_MS, 100 * 2 ** fruitless));
    }
  } finally {
    await handle.close();
  }
  if (hasher.digest("hex") === file.sha256) return;
  await rm(part, { force: true });
  throw damaged(file, http.url);
}

/** What there is of a part, with the digest so far; nothing where it is longer than the whole. */
async function readBegun(part: string, bytes: number) {
  const hasher = new Bun.CryptoHasher("sha256");
  const sizeBytes = await stat(part).then(
    ({ size }) => size,
    (error) => {
      if (isMissing(error)) return 0;
      throw error;
    },
  );
  if (sizeBytes === 0 || sizeBytes > bytes) return { sizeBytes: 0, hasher };
  for await (const chunk of createReadStream(part)) hasher.update(chunk as Uint8Array);
  return { sizeBytes, hasher };
}

async function openRange(http: RemoteHttp, { path, file, signal }: PartRequest, start: number) {
  const headers = start === 0 ? {} : { range: `bytes=${start}-`, "if-range": `"${file.sha256}"` };
  const response = await http.send("GET", path, {
    headers: { ...headers, "accept-encoding": "identity" },
    signal,
  });
  return { body: response.body ?? [], start: response.status === 206 ? start : 0 };
}

async function writeWhole(handle: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) {
    const { bytesWritten } = await handle.write(chunk, at, chunk.byteLength - at, position + at);
    at += bytesWritten;
  }
}

function watchSilence(stallMs: number) {
  const stop = new AbortController();
  const start = () => setTimeout(() => stop.abort(), stallMs);
  let timer = start();
  return {
    signal: stop.signal,
    reset: () => {
      clearTimeout(timer);
      timer = start();
    },
    end: () => clearTimeout(timer),
  };
}

/** A line that broke, or a server that is away for a moment; not what it says, nor a fault of this disk. */
function isBreak(error: unknown): boolean {
  if (error instanceof AppError) return error.code === "server_unreachable" || error.code === "shutting_down";
  const { code, syscall } = error as { code?: unknown; syscall?: unknown };
  return syscall === undefined && !["ENOSPC", "EDQUOT", "EIO", "EACCES"].includes(String(code));
}

function broken(url: string, { name }: ResultFile, cause: unknown): AppError {
  return new AppError(
    "server_unreachable",
    `the connection to ${url} breaks repeatedly while downloading ${name}; run the same command again to resume`,
    { details: { url }, cause },
  );
}

function damaged({ name }: ResultFile, url: string): AppError {
  return new AppError(
    "corrupt",
    `${name} arrived from ${url} with content that does not match its manifest; run the command again`,
    { details: { file: name } },
  );
}
