import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../errors.ts";
import { receiveStream } from "../../ingest/receive-stream.ts";
import { isMissing, removeTree } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import { createUploadLayout } from "../../lake/layout.ts";
import { openStaged } from "../../lake/staged-file.ts";
import type { Thumbs } from "./thumbs.ts";

export const REJECTED_SIZE = { side: 256, frame: 0 };

export interface RejectedPictureOptions {
  lake: Lake;
  thumbs: Thumbs;
  /** For a copy while it is drawn: what is staged may change. */
  folder: string;
  maxBytes: number;
}

/**
 * The file of a small picture of what a rejected row brought, by its SHA-256, where that is kept: in `staging/failed/`, or
 * of a completed upload for a time. Throws `not_found`, and `unsupported_format` for what cannot be drawn.
 */
export async function rejectedPicture(
  { lake, thumbs, folder, maxBytes }: RejectedPictureOptions,
  { uploadId, hash, signal }: { uploadId: string; hash: string; signal: AbortSignal },
): Promise<string> {
  const { layout } = lake;
  const places = [
    layout.rejectedPlace(uploadId, hash),
    createUploadLayout(layout.upload("failed", uploadId)).file(hash),
  ];
  for (const place of places) {
    const file = await openStaged(place, { maxBytes }).catch((error) => {
      if (isMissing(error) || (error instanceof AppError && error.code === "corrupt")) return undefined;
      throw error;
    });
    if (file === undefined) continue;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, crypto.randomUUID());
    try {
      // Small pictures are known by the SHA-256: whoever staged other bytes under it must not be believed.
      const body = file.handle.readableWebStream({ autoClose: false }) as ReadableStream<Uint8Array>;
      await receiveStream(body, path, { sha256: hash, maxBytes, mode: 0o600 });
      return await thumbs.fileOf({ path, hash, isChecked: false }, REJECTED_SIZE, signal);
    } finally {
      await file.close();
      await removeTree(path);
    }
  }
  throw new AppError("not_found", `the file of that row of upload ${uploadId} is not kept any more`);
}
