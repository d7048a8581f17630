import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { createDocumentReader } from "../../documents/document-reader.ts";
import { AppError } from "../../errors.ts";
import { HEAD_BYTES } from "../../images/foreign.ts";
import { sniffFormat } from "../../images/sniff.ts";
import { receiveStream } from "../../ingest/receive-stream.ts";
import { isMissing, removeTree } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import { createUploadLayout } from "../../lake/layout.ts";
import { openStaged, type StagedHandle } from "../../lake/staged-file.ts";
import { MIN_DPI, pageHash } from "../../schema/pages.ts";
import { type ThumbImage, type Thumbs, thumbName } from "./thumbs.ts";

const SIZE = { side: 256, frame: 0 };
/** A small picture is worth less time than a page of the lake. */
const LIMITS = { pauseMs: 10_000, killMs: 20_000 };

export interface RejectedPictureOptions {
  lake: Lake;
  thumbs: Thumbs;
  selfCommand: readonly string[];
  /** For a copy while it is drawn, what is staged may change; leftovers in it are removed with the first. */
  folder: string;
  maxBytes: number;
  maxPixels: number;
}

export interface RejectedPicture {
  uploadId: string;
  /** SHA-256 of the image, or of the document. */
  hash: string;
  /** Of a document, from 1. */
  page: number | undefined;
}

/** The name of a picture, by which readers keep it. */
export function rejectedName(picture: RejectedPicture): string {
  return thumbName(pictureHash(picture), SIZE);
}

/**
 * Gives the file of a small picture of what a rejected row brought, where that is kept: in `staging/failed/`, or of a completed
 * upload for a time. Throws `not_found`, and `unsupported_format` for what cannot be drawn. Files are copied and documents
 * read one at a time.
 */
export function createRejectedPictures(options: RejectedPictureOptions) {
  let before: Promise<unknown> | undefined;
  return async (picture: RejectedPicture, signal: AbortSignal): Promise<string> => {
    const file = await openKept(options, picture);
    try {
      const known = await options.thumbs.kept(pictureHash(picture), SIZE);
      if (known !== undefined) return known;
      before ??= removeTree(options.folder); // what a predecessor left
      const turn = before.then(() => {
        if (signal.aborted) throw new AppError("cancelled", "nobody waits for this picture");
        return drawKept(options, file, picture, signal);
      });
      before = turn.catch(() => {});
      return await turn;
    } finally {
      await file.close();
    }
  };
}

/** Of a page it is none of the image whose SHA-256 that would be. */
function pictureHash({ hash, page }: RejectedPicture): string {
  return page === undefined ? hash : pageHash(hash, page, { dpi: MIN_DPI, font: null });
}

async function openKept(
  { lake: { layout }, maxBytes }: RejectedPictureOptions,
  { uploadId, hash }: RejectedPicture,
): Promise<StagedHandle> {
  const places = [
    layout.rejectedPlace(uploadId, hash),
    createUploadLayout(layout.upload("failed", uploadId)).file(hash),
  ];
  for (const place of places) {
    try {
      return await openStaged(place, { maxBytes });
    } catch (error) {
      if (!isMissing(error) && !(error instanceof AppError && error.code === "corrupt")) throw error;
    }
  }
  throw new AppError("not_found", `the file of that row of upload ${uploadId} is not kept any more`);
}

async function drawKept(
  options: RejectedPictureOptions,
  file: StagedHandle,
  picture: RejectedPicture,
  signal: AbortSignal,
): Promise<string> {
  const { thumbs, folder, maxBytes } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, crypto.randomUUID());
  const output = `${path}.page`;
  try {
    // Small pictures are known by the SHA-256: whoever staged other bytes under it must not be believed.
    const body = file.handle.readableWebStream({ autoClose: false }) as ReadableStream<Uint8Array>;
    await receiveStream(body, path, { sha256: picture.hash, maxBytes, mode: 0o600 });
    const image: ThumbImage = { path, hash: pictureHash(picture), isChecked: false };
    const { page } = picture;
    if (page === undefined) return await thumbs.fileOf(image, SIZE, signal);
    const head = new Uint8Array(await Bun.file(path).slice(0, HEAD_BYTES).arrayBuffer());
    if (sniffFormat(head) === "tiff") return await thumbs.fileOf({ ...image, page }, SIZE, signal);
    await extractPage(options, path, page, output);
    return await thumbs.fileOf({ ...image, path: output }, SIZE, signal);
  } finally {
    await removeTree(path);
    await removeTree(output);
  }
}

/** A small drawing of a page of a PDF: what is wrong with it is what people want to see. */
async function extractPage(
  { selfCommand, maxPixels }: RejectedPictureOptions,
  path: string,
  page: number,
  output: string,
): Promise<void> {
  const reader = createDocumentReader({ selfCommand, limits: LIMITS });
  try {
    const wanted = {
      dpi: MIN_DPI,
      font: null,
      passwords: [],
      maxPixels,
      image: true,
      text: false,
      sketch: true,
    };
    const result = await reader.extractPage({ path, page, output, ...wanted });
    if (!result.ok) throw new AppError("unsupported_format", result.reason);
  } catch (error) {
    if (error instanceof AppError && error.code === "invalid_input")
      throw new AppError("unsupported_format", error.message);
    throw error;
  } finally {
    await reader.close();
  }
}
