import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { findListed } from "../assets/resolve.ts";
import { AppError, systemCode } from "../errors.ts";
import { ensureFolder, namesIn } from "../lake/files.ts";
import { removeFolder } from "../lake/folders.ts";
import { writeJson } from "../lake/json-file.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout, type UploadLayout } from "../lake/layout.ts";
import { readSoundManifest } from "../lake/manifests.ts";
import { replaceFile, tempBeside } from "../lake/replace.ts";
import { isOfEntry, UPLOAD_STATES } from "../lake/staged-entries.ts";
import { isStagedFile, readStagedJson } from "../lake/staged-file.ts";
import { createUploadId } from "../schema/names.ts";
import { type Receiving, ReceivingSchema, type UploadOffer } from "../schema/receiving.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { checkUpload, makeIncoming } from "./local-destination.ts";
import { receiveStream } from "./receive-stream.ts";

/** An upload that is taken in piece by piece, in `staging/.incoming/`. */
export interface ReceivedUpload {
  uploadId: string;
  receiving: Receiving;
  layout: UploadLayout;
}

/**
 * Begins to take in an upload, or continues with the one of that identity and owner that did not get to its end.
 * Throws what `UploadDestination.check` does.
 */
export async function beginReceiving(lake: Lake, offer: UploadOffer, owner: string | null): Promise<string> {
  const { key, mode, columns, refers_to_raw: refersToRaw } = offer;
  await checkUpload(lake, { key, mode, columns, refersToRaw });
  for (const uploadId of await incomingIds(lake)) {
    const known = await readReceiving(lake, uploadId).catch(() => undefined);
    if (known?.identity === offer.identity && known.owner === owner) return uploadId;
  }
  const uploadId = createUploadId();
  const layout = createUploadLayout(join(lake.layout.incoming, uploadId));
  await makeIncoming(lake, layout.folder);
  await noteReceiving(lake, layout, { ...offer, owner, begun_at: new Date().toISOString() });
  return uploadId;
}

/** Says of an upload's folder that the upload is being taken in. */
export async function noteReceiving(lake: Lake, layout: UploadLayout, receiving: Receiving): Promise<void> {
  await writeJson(layout.receiving.stagedAt, receiving, lake.modes);
}

/** Takes that back: the upload is to be published. */
export async function endReceiving(layout: UploadLayout): Promise<void> {
  await rm(layout.receiving.stagedAt);
}

/** An upload that is being taken in. Throws `not_found` for one that is not, or is another owner's. */
export async function requireReceiving(
  lake: Lake,
  uploadId: string,
  owner: string | null,
): Promise<ReceivedUpload> {
  const receiving = await readReceiving(lake, uploadId);
  // Of somebody else's nothing is told, not even that it is there.
  if (receiving === undefined || receiving.owner !== owner) {
    throw new AppError("not_found", `no upload ${uploadId} is in progress; run the command again`, {
      details: { upload_id: uploadId },
    });
  }
  return { uploadId, receiving, layout: createUploadLayout(join(lake.layout.incoming, uploadId)) };
}

/** Which of these contents need not be sent: the dataset holds them, or they came before. */
export async function knownContents(
  lake: Lake,
  { receiving, layout }: ReceivedUpload,
  hashes: readonly string[],
): Promise<string[]> {
  const known: string[] = [];
  for (const hash of hashes) {
    const isHere = (await isStagedFile(layout.file(hash))) || (await findListed(lake, receiving.key, hash));
    if (isHere) known.push(hash);
  }
  return known;
}

/** Takes in one content. It is there whole and right, or not at all; one that came before is left. */
export async function receiveFile(
  lake: Lake,
  { layout }: ReceivedUpload,
  hash: string,
  body: ReadableStream<Uint8Array> | null,
  limits: { maxBytes: number },
): Promise<void> {
  const path = layout.file(hash).stagedAt;
  await ensureFolder(path.slice(0, -hash.length - 1), lake.modes);
  await receiveTo(path, body, { sha256: hash, ...limits, mode: lake.modes.asset });
}

/** Takes in the rows; others that came before are replaced. */
export async function receiveRows(
  lake: Lake,
  { layout }: ReceivedUpload,
  sha256: string,
  body: ReadableStream<Uint8Array> | null,
): Promise<void> {
  await receiveTo(layout.rows.stagedAt, body, {
    sha256,
    maxBytes: Number.POSITIVE_INFINITY,
    mode: lake.modes.file,
  });
}

async function receiveTo(
  path: string,
  body: ReadableStream<Uint8Array> | null,
  options: { sha256: string; maxBytes: number; mode: number },
): Promise<void> {
  const temp = tempBeside(path);
  try {
    await receiveStream(body, temp, options);
    await replaceFile(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/** The manifest of an upload that was committed and is still on its way; undefined otherwise. */
export async function readCommitted(lake: Lake, uploadId: string): Promise<UploadManifest | undefined> {
  for (const state of UPLOAD_STATES) {
    const manifest = await readSoundManifest(lake.layout.upload(state, uploadId));
    if (manifest) return manifest;
  }
  return undefined;
}

/** Forgets an upload that is being taken in. */
export async function dropReceiving({ layout }: ReceivedUpload): Promise<void> {
  await removeFolder(layout.folder);
}

/** Removes uploads that nobody went on with for `maxAgeMs`; gives how many. */
export async function expireReceiving(lake: Lake, nowMs: number, maxAgeMs: number): Promise<number> {
  let count = 0;
  for (const uploadId of await incomingIds(lake)) {
    const { folder, receiving } = createUploadLayout(join(lake.layout.incoming, uploadId));
    try {
      if (!(await isStagedFile(receiving))) continue; // one that a local command is staging
      if (nowMs - (await stat(folder)).mtimeMs < maxAgeMs) continue;
      await removeFolder(folder);
      count += 1;
    } catch (error) {
      if (!isOfEntry(error)) throw error; // doctor tells of what stays
    }
  }
  return count;
}

async function readReceiving(lake: Lake, uploadId: string): Promise<Receiving | undefined> {
  const { receiving } = createUploadLayout(join(lake.layout.incoming, uploadId));
  try {
    return await readStagedJson(receiving, ReceivingSchema);
  } catch (error) {
    if (systemCode(error) === "EACCES") return undefined; // another account is staging it
    throw error;
  }
}

async function incomingIds(lake: Lake): Promise<string[]> {
  return (await namesIn(lake.layout.incoming)).filter((name) => /^u[0-9a-f]{32}$/.test(name));
}
