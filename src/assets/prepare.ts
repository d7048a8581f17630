import { type FileHandle, open, readFile, stat, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { AppError, throwIfCancelled } from "../errors.ts";
import { type TreatedImage, treatImage } from "../images/encode.ts";
import { hashPixels } from "../images/pixels.ts";
import { IMAGE_FORMATS } from "../images/sniff.ts";
import type { PreparedContent, PrepareRequest } from "../schema/work.ts";

type Content = PrepareRequest["contents"][number];

/** The part of preparing that a native library may crash in is over; the rest is arithmetic. */
type Finish = () => PreparedContent;

/**
 * Reads, checks and prepares contents, one after the other; answers in the order asked. While one image is decoded by
 * libvips, the pixels of the one before are hashed here. A content that cannot be used is answered as not ok with a
 * reason; an error of the disk (ENOSPC, EIO) is thrown. Newly encoded files are not synced: the store does that once a
 * batch.
 */
export async function prepareContents(
  request: PrepareRequest,
  signal?: AbortSignal,
): Promise<PreparedContent[]> {
  const suspects = request.suspect_file === null ? undefined : await open(request.suspect_file, "w");
  const prepared: PreparedContent[] = [];
  let finishPrevious: Finish | undefined;
  try {
    for (const content of request.contents) {
      throwIfCancelled(signal);
      await nameSuspect(suspects, content.source_hash);
      const treating = prepareOne(request, content);
      treating.catch(() => {}); // looked at below
      if (finishPrevious) prepared.push(finishPrevious());
      finishPrevious = await treating;
    }
    if (finishPrevious) prepared.push(finishPrevious());
    await suspects?.truncate(0);
    return prepared;
  } finally {
    await suspects?.close();
  }
}

/** A plain write: it outlives the process, which is what it is for, and costs no sync. */
async function nameSuspect(file: FileHandle | undefined, sourceHash: string): Promise<void> {
  await file?.write(sourceHash, 0, "utf8");
}

async function prepareOne(request: PrepareRequest, content: Content): Promise<Finish> {
  const { source_hash } = content;
  try {
    return request.kind === "image"
      ? await prepareImage(request, content)
      : await prepareFile(request, content);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "invalid_input") throw error;
    return () => ({ ok: false, source_hash, reason: error.message });
  }
}

async function prepareImage(request: PrepareRequest, content: Content): Promise<Finish> {
  const { source_hash, path } = content;
  await checkSize(request, path);
  const bytes = await readFile(path);
  checkHash(content, hashBytes(bytes));
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
  const bytes = await checkSize(request, path);
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

async function checkSize(request: PrepareRequest, path: string): Promise<number> {
  const { size } = await stat(path);
  if (size <= request.max_bytes) return size;
  const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
  throw new AppError(
    "invalid_input",
    `file of ${megabytes(size)} MB is above the limit of ${megabytes(request.max_bytes)} (images.max_bytes)`,
  );
}

function hashBytes(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

function checkHash(content: Content, actual: string): void {
  if (actual === content.source_hash) return;
  throw new AppError(
    "invalid_input",
    "its bytes changed on the way (SHA-256 differs from what was uploaded); upload it again",
  );
}
