import { AppError } from "../../errors.ts";
import { appendStream } from "../../ingest/append-stream.ts";
import { hashFile } from "../../lake/digest.ts";
import type { InputState } from "../../schema/input-upload.ts";
import { type InputNote, type KeptInput, keptInputs } from "./kept-inputs.ts";

/**
 * Uploads whose file comes in parts. What arrived is kept when a connection breaks off and when the server ends; what
 * nobody went on with for a week is removed. Each is its owner's alone; null where callers have no names.
 */
export interface InputParts {
  /** Begins, or goes on with what arrived. Throws `conflict` for a file of another size, `busy` for too many. */
  begin(uploadId: string, offer: Omit<InputNote, "begun_at">): Promise<InputState>;
  /** The oldest first. */
  list(owner: string | null): Promise<InputState[]>;
  /** Takes more in from `offset` on, which has to be where the last part ended: else `conflict`. */
  append(uploadId: string, owner: string | null, part: InputPart): Promise<InputState>;
  /**
   * Gives the whole file to `use`, and forgets it after that. Throws `conflict` while parts are missing, `invalid_input`
   * for a file with another SHA-256. What `use` refuses is kept: it may go elsewhere.
   */
  finish<T>(uploadId: string, owner: string | null, sha256: string, use: UseInput<T>): Promise<T>;
  /** Stops and forgets one. */
  drop(uploadId: string, owner: string | null): Promise<void>;
  /** Ends what is being sent, with `shutting_down`; it can be gone on with. */
  stop(): Promise<void>;
}

export interface InputPart {
  offset: number;
  body: ReadableStream<Uint8Array> | null;
  signal: AbortSignal;
}

export interface UseInput<T> {
  fileName(input: KeptInput): string;
  run(input: KeptInput, signal: AbortSignal): Promise<T>;
}

/** Of one owner at a time. */
const MAX_UNFINISHED = 50;
const KEPT_MS = 7 * 86_400_000;

/** `folder` is used by this server only. */
export function createInputParts(folder: string, now: () => number = Date.now): InputParts {
  const kept = keptInputs(folder);
  /** What is being done with an upload: one thing at a time, the newest. */
  const active = new Map<string, { stop: AbortController; done: Promise<unknown> }>();
  const finishing = new Map<string, Promise<unknown>>();
  let isStopped = false;

  const requireOwn = async (uploadId: string, owner: string | null): Promise<KeptInput> => {
    const found = await kept.find(uploadId);
    if (found?.owner === owner) return found;
    throw new AppError("not_found", `no upload ${uploadId} has begun; begin it again with the whole file`, {
      details: { upload_id: uploadId },
    });
  };
  const describe = (uploadId: string, input: KeptInput): InputState => {
    const { name, files, bytes, received, parameters, begun_at } = input;
    return {
      ...{ upload_id: uploadId, name, files, bytes, received_bytes: received, parameters, begun_at },
      is_active: active.has(uploadId),
    };
  };
  /** Ends what was being done with it. */
  const halt = async (uploadId: string) => {
    for (let other = active.get(uploadId); other !== undefined; other = active.get(uploadId)) {
      other.stop.abort();
      await other.done;
    }
  };
  const doWith = async <T>(uploadId: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    while (active.has(uploadId)) await halt(uploadId); // another may have begun while this one waited
    if (isStopped) throw serverStops();
    const stop = new AbortController();
    const done = work(stop.signal)
      .catch((error) => {
        throw isStopped ? serverStops() : error;
      })
      .finally(() => active.delete(uploadId));
    active.set(uploadId, { stop, done: done.catch(() => {}) });
    return done;
  };
  const list = async (owner: string | null): Promise<InputState[]> => {
    const own: InputState[] = [];
    for (const uploadId of await kept.ids()) {
      const found = await kept.find(uploadId);
      const isOld = found === undefined || found.changedMs < now() - KEPT_MS;
      if (isOld && !active.has(uploadId)) await kept.remove(uploadId);
      else if (found?.owner === owner) own.push(describe(uploadId, found));
    }
    return own.sort((a, b) => a.begun_at.localeCompare(b.begun_at));
  };

  return {
    list,
    begin: async (uploadId, offer) => {
      const before = await kept.find(uploadId);
      if (before !== undefined) refuseOther(uploadId, before, offer);
      else if ((await list(offer.owner)).length >= MAX_UNFINISHED) throw tooMany();
      return doWith(uploadId, async (stop) => {
        await kept.note(uploadId, { ...offer, begun_at: before?.begun_at ?? new Date(now()).toISOString() });
        const input = await requireOwn(uploadId, offer.owner);
        const received_sha256 = await hashFile(input.path, stop);
        return { ...describe(uploadId, input), is_active: false, received_sha256 };
      });
    },
    append: async (uploadId, owner, { offset, body, signal }) => {
      await requireOwn(uploadId, owner);
      return doWith(uploadId, async (stop) => {
        const input = await requireOwn(uploadId, owner);
        const { path, received, bytes } = input;
        if (offset !== received) throw notThere(uploadId, received, offset);
        const options = { offset, maxBytes: bytes, signal: AbortSignal.any([signal, stop]) };
        if (body !== null && !(await appendStream(body, path, options))) {
          throw new AppError("usage", `upload ${uploadId} was begun with ${bytes} bytes, and more are sent`);
        }
        return { ...describe(uploadId, await requireOwn(uploadId, owner)), is_active: false };
      });
    },
    finish: async (uploadId, owner, sha256, { fileName, run }) => {
      await requireOwn(uploadId, owner);
      const other = finishing.get(uploadId);
      if (other !== undefined) return other as ReturnType<typeof run>; // asked again after an answer that was lost
      const done = doWith(uploadId, async (stop) => {
        const input = await requireOwn(uploadId, owner);
        requireWhole(uploadId, input);
        if ((await hashFile(input.path, stop)) !== sha256) {
          await kept.remove(uploadId);
          throw new AppError(
            "invalid_input",
            `what arrived of ${input.name} is not the file with the SHA-256 ${sha256}; send it again`,
          );
        }
        const path = await kept.giveName(uploadId, fileName(input));
        const result = await run({ ...input, path }, stop);
        await kept.remove(uploadId);
        return result;
      }).finally(() => finishing.delete(uploadId));
      finishing.set(uploadId, done);
      return done;
    },
    drop: async (uploadId, owner) => {
      await requireOwn(uploadId, owner);
      await halt(uploadId);
      await kept.remove(uploadId);
    },
    stop: async () => {
      isStopped = true;
      await Promise.all([...active.keys()].map(halt));
    },
  };
}

function refuseOther(uploadId: string, before: KeptInput, offer: Omit<InputNote, "begun_at">): void {
  if (before.owner !== offer.owner)
    throw new AppError("conflict", `the id ${uploadId} belongs to another upload; use a new one`);
  if (before.bytes === offer.bytes) return;
  throw new AppError(
    "conflict",
    `upload ${uploadId} was begun with ${before.name} of ${before.bytes} bytes, and ${offer.name} has ${offer.bytes}; give the same file, or begin another upload`,
  );
}

/** A client tries again after that. */
export function serverStops(): AppError {
  return new AppError("shutting_down", "the server is stopping; send it again later");
}

function tooMany(): AppError {
  return new AppError(
    "busy",
    `${MAX_UNFINISHED} of your uploads are unfinished; go on with one, or discard some`,
  );
}

function notThere(uploadId: string, received: number, offset: number): AppError {
  return new AppError(
    "conflict",
    `of upload ${uploadId} ${received} bytes have arrived; go on from there, not from ${offset}`,
    { details: { upload_id: uploadId, received_bytes: received } },
  );
}

function requireWhole(uploadId: string, { received, bytes, name }: KeptInput): void {
  if (received === bytes) return;
  throw new AppError(
    "conflict",
    `of ${name} ${received} of ${bytes} bytes have arrived; send the rest before it is handed over`,
    { details: { upload_id: uploadId, received_bytes: received } },
  );
}
