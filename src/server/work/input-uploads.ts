import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../../errors.ts";
import { receiveStream } from "../../ingest/receive-stream.ts";
import type { UploadRequest } from "../../ingest/upload-plan.ts";
import { removeTree } from "../../lake/files.ts";
import { STAGE } from "../../operations/stage/operation.ts";
import type { StagedInput } from "../../schema/staged-input.ts";
import { createInputParts, type InputParts, serverStops } from "./input-parts.ts";
import type { ServedOperations } from "./operations.ts";

/** An upload by one file of rows, and whose it is. */
export interface InputOwner {
  uploadId: string;
  request: UploadRequest;
  /** Name of the caller; undefined where callers have none. */
  owner: string | undefined;
  /** Identity of the caller, for the queue. */
  identity: string;
}

/** The file as it comes. */
export interface GivenInput extends InputOwner {
  body: ReadableStream<Uint8Array> | null;
  /** Its SHA-256, if the client sent it. */
  sha256: string | undefined;
  /** Without folders; its extension tells the format, else its first bytes do. */
  fileName: string;
  signal: AbortSignal;
  /** The whole of it is there: from now on the connection is silent. */
  onReceived(): void;
}

/** Uploads that come as one file which holds all they bring, images too. */
export interface InputUploads {
  /** Receives, stages and hands over. Throws `conflict` while the same upload comes, and what staging does. */
  take(input: GivenInput): Promise<StagedInput>;
  /** Stages a file that is there already, and leaves it. */
  stage(input: InputOwner, path: string, signal: AbortSignal): Promise<StagedInput>;
  /** Files that come in parts. */
  readonly parts: InputParts;
  stop(): Promise<void>;
}

export interface InputUploadsOptions {
  operations: Pick<ServedOperations, "of">;
  /** Used by this server only; leftovers are removed at the start. */
  folder: string;
  /** For files that come in parts: kept. */
  partsFolder: string;
}

const FILE_MODE = 0o600;

export function createInputUploads(options: InputUploadsOptions): InputUploads {
  const { operations, folder, partsFolder } = options;
  const parts = createInputParts(partsFolder);
  const running = new Map<string, Promise<unknown>>();
  const stopped = new AbortController();
  const emptied = removeTree(folder);

  const refuseStopped = () => {
    if (stopped.signal.aborted) throw serverStops();
  };
  const receive = async ({ uploadId, body, sha256, fileName, onReceived }: GivenInput) => {
    const own = join(folder, uploadId);
    await mkdir(own, { recursive: true, mode: 0o700 });
    const path = join(own, fileName);
    await receiveStream(body, path, { sha256, maxBytes: Number.POSITIVE_INFINITY, mode: FILE_MODE });
    onReceived();
    return path;
  };
  const stage = async (
    { uploadId, request, owner, identity }: InputOwner,
    path: string,
    stop: AbortSignal,
  ) => {
    const signal = AbortSignal.any([stop, stopped.signal]);
    const local = { path, uploadId, createdBy: owner ?? null };
    try {
      const staged = await operations.of(STAGE).run(request, { identity }, { signal, local });
      const told = staged.notices.map((notice) => notice.replaceAll(`${dirname(path)}/`, ""));
      return { ...staged, notices: told };
    } catch (error) {
      refuseStopped();
      throw withoutPath(error, dirname(path));
    }
  };
  const execute = async (input: GivenInput) => {
    await emptied;
    try {
      return await stage(input, await receive(input), input.signal);
    } catch (error) {
      refuseStopped();
      throw error;
    } finally {
      await removeTree(join(folder, input.uploadId));
    }
  };
  /** One upload by its id at a time. */
  const once = (uploadId: string, work: () => Promise<StagedInput>) => {
    if (running.has(uploadId)) {
      throw new AppError("conflict", `upload ${uploadId} is being received; wait until it ends`);
    }
    const done = work().finally(() => running.delete(uploadId));
    running.set(uploadId, done);
    return done;
  };
  return {
    parts,
    take: (input) => once(input.uploadId, () => execute(input)),
    stage: (input, path, signal) => once(input.uploadId, () => stage(input, path, signal)),
    stop: async () => {
      stopped.abort();
      await parts.stop();
      await Promise.allSettled(running.values());
    },
  };
}

/** The path on the server means nothing to the client. */
function withoutPath(error: unknown, folder: string): unknown {
  if (!(error instanceof AppError) || !error.message.includes(folder)) return error;
  const { code, cause, details } = error;
  const { path: _, ...others } = details ?? {};
  return new AppError(code, error.message.replaceAll(`${folder}/`, ""), { cause, details: others });
}
