import { closeSync, ftruncateSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { AppError, throwIfCancelled } from "../errors.ts";
import { type TreatedImage, treatImage } from "../images/encode.ts";
import { hashPixels } from "../images/pixels.ts";
import { IMAGE_FORMATS } from "../images/sniff.ts";
import { hashBytes } from "../lake/digest.ts";
import type { PreparedContent, PrepareRequest } from "../schema/work.ts";

type Content = PrepareRequest["contents"][number];

/** The part of preparing that a native library may crash in is over; the rest is arithmetic. */
type Finish = () => PreparedContent;

/** A content's bytes, read and found to be what was uploaded; or why it cannot be used. */
type Loaded = { bytes: Uint8Array } | { reason: string };

/**
 * Reads, checks and prepares contents, one after the other; answers in the order asked. While libvips decodes one image
 * in a thread of its own, the pixels of the one before are hashed here and the next one is read: this thread has nothing
 * else to do, so it reads without the detour over a pool. A content that cannot be used is answered as not ok with a
 * reason; an error of the disk (ENOSPC, EIO) is thrown. Newly encoded files are not synced: the store does that once a
 * batch.
 */
export async function prepareContents(
  request: PrepareRequest,
  signal?: AbortSignal,
): Promise<PreparedContent[]> {
  const suspects = request.suspect_file === null ? undefined : openSync(request.suspect_file, "w");
  const prepared: PreparedContent[] = [];
  let finishPrevious: Finish | undefined;
  let next: Loaded | undefined;
  try {
    for (const [at, content] of request.contents.entries()) {
      throwIfCancelled(signal);
      const loaded = next ?? load(request, content);
      // A plain write: it outlives the process, which is what it is for, and costs no sync.
      if (suspects !== undefined) writeSync(suspects, content.source_hash, 0);
      const treating = treat(request, content, loaded);
      treating.catch(() => {}); // looked at below
      if (finishPrevious) prepared.push(finishPrevious());
      const following = request.contents[at + 1];
      next = following && load(request, following);
      finishPrevious = await treating;
    }
    if (finishPrevious) prepared.push(finishPrevious());
    if (suspects !== undefined) ftruncateSync(suspects);
    return prepared;
  } finally {
    if (suspects !== undefined) closeSync(suspects);
  }
}

function load(request: PrepareRequest, content: Content): Loaded {
  try {
    checkSize(request, content.path);
    // Other files may be large: they are hashed as a stream when their turn comes.
    if (request.kind === "file") return { bytes: new Uint8Array(0) };
    const bytes = readFileSync(content.path);
    checkHash(content, hashBytes(bytes));
    return { bytes };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

async function treat(request: PrepareRequest, content: Content, loaded: Loaded): Promise<Finish> {
  const { source_hash } = content;
  const refuse = (reason: string) => () => ({ ok: false as const, source_hash, reason });
  if ("reason" in loaded) return refuse(loaded.reason);
  try {
    return request.kind === "image"
      ? await prepareImage(request, content, loaded.bytes)
      : await prepareFile(request, content);
  } catch (error) {
    return refuse(reasonOf(error));
  }
}

/** Why a content cannot be used; what is no fault of the content is thrown on. */
function reasonOf(error: unknown): string {
  if (error instanceof AppError && error.code === "invalid_input") return error.message;
  throw error;
}

async function prepareImage(request: PrepareRequest, content: Content, bytes: Uint8Array): Promise<Finish> {
  const { source_hash, path } = content;
  const image = await treatImage(bytes, {
    policy: request.policy,
    verify: request.verify,
    maxPixels: request.max_pixels,
  });
  const { width, height, format, encoded } = image;
  const stored = encoded === undefined ? undefined : await writeEncoded(request, content, image, encoded);
  return () => ({
    ok: true,
    source_hash,
    hash: stored?.hash ?? source_hash,
    extension: IMAGE_FORMATS[format],
    format,
    width,
    height,
    bytes: (encoded ?? bytes).byteLength,
    pixel_hash: image.pixels === undefined ? null : hashPixels(image.pixels),
    file: stored?.file ?? path,
    source: path,
  });
}

async function writeEncoded(
  request: PrepareRequest,
  content: Content,
  image: TreatedImage,
  encoded: Uint8Array,
): Promise<{ hash: string; file: string }> {
  const file = join(request.temp_folder, `${content.source_hash}.${IMAGE_FORMATS[image.format]}`);
  await writeFile(file, encoded);
  return { hash: hashBytes(encoded), file };
}

async function prepareFile(request: PrepareRequest, content: Content): Promise<Finish> {
  const { source_hash, path, source_name } = content;
  const bytes = checkSize(request, path);
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  checkHash(content, hasher.digest("hex"));
  const extension = fileExtension(source_name);
  const size = { width: null, height: null, pixel_hash: null };
  return () => ({
    ok: true,
    source_hash,
    hash: source_hash,
    extension,
    format: extension,
    ...size,
    bytes,
    file: path,
    source: path,
  });
}

/** `report.PDF` -> `pdf`; `bin` for a name without a plain extension. */
export function fileExtension(name: string | null): string {
  const extension = extname(name ?? "")
    .slice(1)
    .toLowerCase();
  return /^[a-z0-9]{1,12}$/.test(extension) ? extension : "bin";
}

function checkSize(request: PrepareRequest, path: string): number {
  const { size } = statSync(path);
  if (size <= request.max_bytes) return size;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  throw new AppError(
    "invalid_input",
    `file of ${megabytes(size)} MB is above the limit of ${megabytes(request.max_bytes)} (images.max_bytes)`,
  );
}

function checkHash(content: Content, actual: string): void {
  if (actual === content.source_hash) return;
  throw new AppError(
    "invalid_input",
    "its bytes are not those of its SHA-256: the upload, or what the lake holds of it, is damaged; upload it again, and if that does not help have `datalake assets verify --hash` name the file and remove it",
  );
}
