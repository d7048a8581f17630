import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import type { UploadRequest } from "../ingest/plan.ts";
import { receiveStream } from "../ingest/receive-stream.ts";
import { stageFile } from "../jobs/stage-process.ts";
import { removeTree } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { isStagedFile } from "../lake/staged-file.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { allButOne, createSlots } from "./slots.ts";

/** One file of rows, as it comes. */
export interface GivenInput {
  uploadId: string;
  request: UploadRequest;
  /** Name of the caller; undefined where nobody has one. */
  owner: string | undefined;
  /** Who shares the places with others. */
  identity: string;
  body: ReadableStream<Uint8Array> | null;
  /** Its SHA-256, where that was told. */
  sha256: string | undefined;
  /** Ending that tells its format; `` where its first bytes do. */
  ending: string;
  signal: AbortSignal;
  /** The whole of it is there: from now on the connection is silent. */
  onReceived(): void;
}

/** Uploads that come as one file which holds all they bring, images too. */
export interface InputUploads {
  /** Receives, stages and hands over. Throws `conflict` while the same upload comes, and what `stageFile` does. */
  take(input: GivenInput): Promise<UploadManifest>;
  stop(): Promise<void>;
}

export interface InputUploadsOptions {
  lake: Lake;
  settings: Settings;
  selfCommand: string[];
  /** Nobody else's; what a predecessor left in it goes at once. */
  folder: string;
}

/** Files that are read at the same time, each by a process of its own; others wait. */
const AT_ONCE = 3;
/** Of one caller; what waits has come, and takes room. */
const MAX_WAITING = 32;
const WAIT_MS = 3_600_000;
const FILE_MODE = 0o600;

export function createInputUploads(options: InputUploadsOptions): InputUploads {
  const { lake, folder } = options;
  const slots = createSlots({
    count: AT_ONCE,
    perCaller: allButOne(AT_ONCE),
    maxWaiting: MAX_WAITING,
    waitMs: WAIT_MS,
    work: `${AT_ONCE} uploads of files at a time`,
  });
  const running = new Map<string, Promise<unknown>>();
  const stopped = new AbortController();
  const emptied = removeTree(folder);

  const receive = async ({ uploadId, body, sha256, ending, onReceived }: GivenInput) => {
    const own = join(folder, uploadId);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const path = join(own, `input${ending}`);
    await receiveStream(body, path, { sha256, maxBytes: Number.POSITIVE_INFINITY, mode: FILE_MODE });
    onReceived();
    return path;
  };
  const execute = async (input: GivenInput) => {
    const { uploadId, request, owner, identity } = input;
    const signal = AbortSignal.any([input.signal, stopped.signal]);
    await emptied;
    try {
      const path = await receive(input);
      const free = await slots.take(signal, identity);
      try {
        await removeTree(await requireFree(lake, uploadId));
        return await stageFile(path, request, { ...options, uploadId, createdBy: owner, signal });
      } finally {
        free();
      }
    } catch (error) {
      if (stopped.signal.aborted)
        throw new AppError("shutting_down", "the server is stopping; send it again");
      throw withoutPath(error, join(folder, uploadId));
    } finally {
      await removeTree(join(folder, uploadId));
    }
  };
  return {
    take: (input) => {
      const { uploadId } = input;
      if (running.has(uploadId)) {
        throw new AppError("conflict", `upload ${uploadId} is being received; wait for its end`);
      }
      const taken = execute(input).finally(() => running.delete(uploadId));
      running.set(uploadId, taken);
      return taken;
    },
    stop: async () => {
      stopped.abort();
      await Promise.allSettled(running.values());
    },
  };
}

/** The folder into which an upload is staged; what a killed process left of it may go. Throws `conflict`. */
async function requireFree(lake: Lake, uploadId: string): Promise<string> {
  const { folder, receiving } = createUploadLayout(join(lake.layout.incoming, uploadId));
  if (!(await isStagedFile(receiving))) return folder;
  throw new AppError("conflict", `upload ${uploadId} was begun piece by piece; go on so, or take another id`);
}

/** Where the file lay on the server tells the client nothing. */
function withoutPath(error: unknown, folder: string): unknown {
  if (!(error instanceof AppError) || !error.message.includes(folder)) return error;
  const { code, cause, details } = error;
  const { path: _, ...others } = details ?? {};
  return new AppError(code, error.message.replaceAll(`${folder}/`, ""), { cause, details: others });
}
