import { createReadStream } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import * as v from "valibot";
import { AppError, throwIfCancelled } from "../../errors.ts";
import type { LocalPath } from "../../ingest/legacy-names.ts";
import type { ContentStager } from "../../ingest/stage-contents.ts";
import type { UploadCheck, UploadDestination, UploadWriter } from "../../ingest/upload-destination.ts";
import { hashBytes, hashFile } from "../../lake/digest.ts";
import { removeTree } from "../../lake/files.ts";
import { FeaturesSchema, UploadColumnSchema } from "../../schema/columns.ts";
import { PartitionKeySchema } from "../../schema/partition.ts";
import { WaitingUploadSchema } from "../../schema/receiving.ts";
import { UploadManifestSchema } from "../../schema/upload.ts";
import { connectHttp, type RemoteHttp } from "./http.ts";
import { batchLookups } from "./lookups.ts";
import { connectTaxonomy } from "./taxonomy.ts";

export interface RemoteTargetOptions {
  url: string;
  token: string | undefined;
  /** Local folder for the rows on their way. */
  scratchFolder: string;
}

const BegunSchema = v.object({ upload_id: v.string() });
const KnownSchema = v.object({ known: v.array(v.string()) });
const PlacesSchema = v.object({ partitions: v.array(PartitionKeySchema) });
const LONG_MS = 24 * 3_600_000;
/** Files up to this size are read once, into memory; larger ones twice. */
const WHOLE_BYTES = 8 << 20;

/**
 * A lake behind a server. Contents that it has are not sent; what breaks off continues when the same is uploaded
 * again.
 */
export function remoteDestination({ url, token, scratchFolder }: RemoteTargetOptions): UploadDestination {
  const http = connectHttp(url, token);
  return {
    taxonomy: () => connectTaxonomy(url, token).read(),
    partitions: async () => {
      const listed = await http.call("GET", "/uploads/partitions", PlacesSchema, { timeoutMs: LONG_MS });
      return listed.partitions;
    },
    check: async (check) => {
      const offer = { body: offerOf(check, NOBODY) };
      const { columns, features, notices, waiting } = await retrying(undefined, () =>
        http.call("POST", "/uploads/check", CheckedSchema, offer),
      );
      return { columns, features, notices, waiting };
    },
    heldNames: async (lookup) => {
      const answer = await retrying(undefined, () =>
        http.call("POST", "/uploads/names", HeldSchema, { body: lookup }),
      ).catch((error) => {
        if (error instanceof AppError && error.code === "not_found") return { held: [] }; // an older server
        throw error;
      });
      return answer.held;
    },
    begin: async (check, identity, signal) => {
      const { upload_id: id } = await retrying(signal, () =>
        http.call("POST", "/uploads", BegunSchema, { body: offerOf(check, identity), signal }),
      );
      const folder = join(scratchFolder, `upload-${id}-${process.pid}`);
      await mkdir(folder, { recursive: true });
      return createSink(http, id, folder, signal);
    },
  };
}

/** A server of version 0.1.0 sends `ok` alone. */
const CheckedSchema = v.object({
  ok: v.boolean(),
  // An older server may name a column twice.
  columns: v.optional(v.array(UploadColumnSchema), []),
  features: v.optional(v.array(FeaturesSchema), []),
  notices: v.optional(v.array(v.string()), []),
  waiting: v.optional(v.array(WaitingUploadSchema), []),
});
const HeldSchema = v.object({ held: v.array(v.string()) });
const NOBODY = "0".repeat(64);

function offerOf({ key, mode, columns, refersToRaw }: UploadCheck, identity: string) {
  return { identity, key, mode, columns, refers_to_raw: refersToRaw };
}

function createSink(
  http: RemoteHttp,
  uploadId: string,
  folder: string,
  signal: AbortSignal | undefined,
): UploadWriter {
  const path = `/uploads/${uploadId}`;
  const rows = join(folder, "data.parquet");
  const isKnown = batchLookups(async (hashes) => {
    const answer = await retrying(signal, () =>
      http.call("POST", `${path}/known`, KnownSchema, { body: { hashes }, signal }),
    );
    return new Set(answer.known);
  });
  const put = (place: string, bytes: () => Bun.BodyInit, headers: Record<string, string> = {}) =>
    retrying(signal, async () => {
      const response = await http.send("PUT", `${path}/${place}`, { raw: bytes(), headers, signal });
      await response.body?.cancel();
    });
  const staged = { fileCount: 0, bytes: 0 };
  /** One at a time for each content. */
  const placing = new Map<string, Promise<void>>();
  const place = async (hash: string, sizeBytes: number, bytes: () => Bun.BodyInit): Promise<string> => {
    const send = async () => {
      if (await isKnown(hash)) return;
      await put(`files/${hash}`, bytes);
      staged.fileCount += 1;
      staged.bytes += sizeBytes;
    };
    const sending = placing.get(hash) ?? send().finally(() => placing.delete(hash));
    placing.set(hash, sending);
    await sending;
    return hash;
  };
  /** Large files go one after another: several at once would only hold more memory. */
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => {});
    return next;
  };
  const stager: ContentStager = {
    staged,
    stageBytes: (bytes) => {
      throwIfCancelled(signal);
      return place(hashBytes(bytes), bytes.byteLength, () => bytes as Uint8Array<ArrayBuffer>);
    },
    stageFile: async (file) => {
      throwIfCancelled(signal);
      const facts = await stat(file);
      if (!facts.isFile()) throw new AppError("invalid_input", `${file} is not a file`);
      if (facts.size <= WHOLE_BYTES) {
        const bytes = await readFile(file);
        return place(hashBytes(bytes), bytes.byteLength, () => bytes);
      }
      return inTurn(async () => place(await hashFile(file, signal), facts.size, () => openStream(file)));
    },
  };
  return {
    uploadId,
    stager,
    rows,
    commit: async (manifest) => {
      const sha256 = await hashFile(rows, signal);
      await put("rows", () => Bun.file(rows), { "x-sha256": sha256 });
      const committed = await retrying(signal, () =>
        http.call("POST", `${path}/commit`, UploadManifestSchema, {
          body: manifest,
          signal,
          timeoutMs: LONG_MS,
        }),
      );
      await removeTree(folder);
      return committed;
    },
    // What the server has stays there for a week: the same command continues with it.
    abort: () => removeTree(folder),
  };
}

/** Bun takes a path that is bytes for the content itself. */
function openStream(file: LocalPath): ReadableStream<Uint8Array> {
  if (typeof file === "string") return Bun.file(file).stream();
  return Readable.toWeb(createReadStream(file)) as unknown as ReadableStream<Uint8Array>;
}

const ATTEMPTS = 6;
const FIRST_WAIT_MS = 250;

/**
 * Repeats what a broken line, or a server that starts again, has kept from being done; all of it may be done twice.
 */
async function retrying<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    throwIfCancelled(signal);
    try {
      return await work();
    } catch (error) {
      throwIfCancelled(signal);
      const isAway =
        error instanceof AppError && ["server_unreachable", "busy", "shutting_down"].includes(error.code);
      if (!isAway || attempt === ATTEMPTS) throw error;
      await Bun.sleep(FIRST_WAIT_MS * 2 ** (attempt - 1));
    }
  }
}
