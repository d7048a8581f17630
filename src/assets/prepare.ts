import { closeSync, ftruncateSync, openSync, rmSync, writeSync } from "node:fs";
import { extname, join } from "node:path";
import { AppError, systemCode, throwIfCancelled } from "../errors.ts";
import { sniffConvertible } from "../images/convertible.ts";
import type { DecodeGate } from "../images/gate.ts";
import { normalizeImage } from "../images/normalize.ts";
import { IMAGE_FORMATS, sniffFormat } from "../images/sniff.ts";
import { hashBytes } from "../lake/digest.ts";
import { isMissing } from "../lake/files.ts";
import { writeOwn } from "../lake/own-copy.ts";
import { openStagedSync, readStagedSync } from "../lake/staged-file.ts";
import type { PreparedContent, PrepareRequest } from "../schema/work.ts";
import { createOwnFiles, type OwnFiles, type Source } from "./own-files.ts";

type Content = PrepareRequest["contents"][number];

/** Finishes the preparation, after native code that might crash. */
type Finish = () => PreparedContent;

/** An open content; `bytes` are those of an image that matches its upload. */
type Loaded = { source: Source; bytes: Uint8Array } | { reason: string };

/**
 * Reads, checks and prepares contents one by one, with results in request order. While libvips decodes an
 * image in its own thread, this thread hashes the previous image's pixels and reads the next one,
 * synchronously since it has nothing else to do. An unusable content gives a result that is not ok, with a
 * reason; disk errors (ENOSPC, EIO) are thrown. New files are not synced: the store syncs once per batch.
 */
export async function prepareContents(
  request: PrepareRequest,
  gate: DecodeGate,
  signal?: AbortSignal,
): Promise<PreparedContent[]> {
  const suspects = request.suspect_file === null ? undefined : openSync(request.suspect_file, "w");
  const ownFiles = createOwnFiles(request);
  const prepared: PreparedContent[] = [];
  let finishPrevious: Finish | undefined;
  let next: Loaded | undefined;
  try {
    for (const [at, content] of request.contents.entries()) {
      throwIfCancelled(signal);
      const loaded = next ?? load(request, content, ownFiles);
      // Written without sync: it must survive this process, not the machine.
      if (suspects !== undefined) writeSync(suspects, content.source_hash, 0);
      const treating = treat(request, content, loaded, ownFiles, gate);
      treating.catch(() => {}); // awaited below
      if (finishPrevious) prepared.push(finishPrevious());
      const following = request.contents[at + 1];
      next = following && load(request, following, ownFiles);
      finishPrevious = await treating;
    }
    if (finishPrevious) prepared.push(finishPrevious());
    if (suspects !== undefined) ftruncateSync(suspects);
    return prepared;
  } finally {
    if (next !== undefined && "source" in next) next.source.close();
    if (suspects !== undefined) closeSync(suspects);
  }
}

function load(request: PrepareRequest, content: Content, ownFiles: OwnFiles): Loaded {
  let source: Source | undefined;
  try {
    source = open(request, content, ownFiles);
    // Other files may be large and are hashed as a stream later.
    if (request.kind === "file") return { source, bytes: new Uint8Array(0) };
    const bytes = readStagedSync(source.file);
    checkHash(content, hashBytes(bytes));
    return { source, bytes };
  } catch (error) {
    source?.discard();
    return { reason: reasonOf(error) };
  }
}

function open(request: PrepareRequest, content: Content, ownFiles: OwnFiles): Source {
  try {
    const file = openStagedSync(content.place, { maxBytes: Number.POSITIVE_INFINITY });
    try {
      checkSize(request, file.facts.size);
      return ownFiles.adopt(content, file);
    } catch (error) {
      closeSync(file.fd);
      throw error;
    }
  } catch (error) {
    const name = content.source_name ?? content.source_hash;
    if (isMissing(error)) throw unusable(`its file ${name} is missing from the upload`);
    if (!(error instanceof AppError) || error.details?.problem === undefined) throw error;
    throw unusable(`its file ${name} ${error.details.problem}; upload it again`);
  }
}

async function treat(
  request: PrepareRequest,
  content: Content,
  loaded: Loaded,
  ownFiles: OwnFiles,
  gate: DecodeGate,
): Promise<Finish> {
  const { source_hash } = content;
  const refuse = (reason: string) => () => ({ ok: false as const, source_hash, reason });
  if ("reason" in loaded) return refuse(loaded.reason);
  const { source, bytes } = loaded;
  try {
    const finish =
      request.kind === "image"
        ? await prepareImage(request, content, source, bytes, ownFiles, gate)
        : prepareFile(content, source);
    source.close();
    return finish;
  } catch (error) {
    source.discard();
    return refuse(reasonOf(error));
  }
}

/** Why a content cannot be used; rethrows errors not caused by the content (disk error, cancellation). */
function reasonOf(error: unknown): string {
  if (error instanceof AppError && error.code === "invalid_input") return error.message;
  if (error instanceof AppError || systemCode(error) !== undefined) throw error;
  return `it cannot be processed: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`;
}

async function prepareImage(
  request: PrepareRequest,
  content: Content,
  source: Source,
  bytes: Uint8Array,
  ownFiles: OwnFiles,
  gate: DecodeGate,
): Promise<Finish> {
  const { source_hash } = content;
  const convertible = sniffFormat(bytes) === undefined ? sniffConvertible(bytes) : undefined;
  if (convertible !== undefined) {
    source.discard();
    return () => ({ ok: false, source_hash, reason: "it was not decoded", convertible });
  }
  const image = await normalizeImage(bytes, {
    policy: request.policy,
    verify: request.verify,
    maxPixels: request.max_pixels,
    gate,
  });
  const { width, height, format, pages, orientation, dpi, encoded } = image;
  const extension = IMAGE_FORMATS[format];
  const kept = encoded === undefined ? source.keep(bytes) : undefined;
  const file = kept?.file ?? join(request.temp_folder, `${source_hash}.${extension}`);
  if (encoded !== undefined) {
    source.discard();
    rmSync(file, { force: true }); // left by a dead worker
    writeOwn(encoded, file, ownFiles.terms);
  }
  return () => ({
    ok: true,
    source_hash,
    hash: encoded === undefined ? source_hash : hashBytes(encoded),
    extension,
    format,
    width,
    height,
    bytes: (encoded ?? bytes).byteLength,
    pages,
    orientation,
    dpi,
    pixel_hash: image.verified ? (image.identify?.() ?? bytesIdentity(source_hash)) : null,
    file,
    file_is: kept?.file_is ?? "written",
  });
}

/** Identity of an image that only equal bytes match; cannot collide with a hash of pixels. */
function bytesIdentity(sourceHash: string): string {
  return sourceHash.slice(0, 32);
}

function prepareFile(content: Content, source: Source): Finish {
  const { source_hash, source_name } = content;
  const extension = fileExtension(source_name);
  const kept = source.keepHashed();
  checkHash(content, kept.hash);
  const size = { width: null, height: null, pages: null, orientation: null, dpi: null, pixel_hash: null };
  return () => ({
    ok: true,
    source_hash,
    hash: source_hash,
    extension,
    format: extension,
    ...size,
    bytes: kept.bytes,
    file: kept.file,
    file_is: kept.file_is,
  });
}

/** `report.PDF` -> `pdf`; `bin` for a name without a plain extension. */
export function fileExtension(name: string | null): string {
  const extension = extname(name ?? "")
    .slice(1)
    .toLowerCase();
  return /^[a-z0-9]{1,12}$/.test(extension) ? extension : "bin";
}

function checkSize(request: PrepareRequest, sizeBytes: number): void {
  if (sizeBytes <= request.max_bytes) return;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  throw unusable(
    `file of ${megabytes(sizeBytes)} MB is above the limit of ${megabytes(request.max_bytes)} (images.max_bytes)`,
  );
}

function checkHash(content: Content, actual: string): void {
  if (actual === content.source_hash) return;
  throw unusable(
    "its bytes do not match its SHA-256: the upload or the stored asset is damaged; upload it again, and if that does not help, find the file with `datalake assets verify --hash` and remove it",
  );
}

function unusable(reason: string): AppError {
  return new AppError("invalid_input", reason);
}
