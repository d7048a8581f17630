import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { findStored } from "../assets/resolve.ts";
import { AppError, systemCode } from "../errors.ts";
import { ensureFolder, isMissing, namesIn, removeTree, tempBeside, writeJson } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout, type UploadLayout } from "../lake/layout.ts";
import { readSoundManifest } from "../lake/manifests.ts";
import { isOfEntry, UPLOAD_STATES } from "../lake/staged-entries.ts";
import {
  isStagedFile,
  openStaged,
  readStagedJson,
  type StagedFile,
  type StagedHandle,
} from "../lake/staged-file.ts";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import { quoteExcerpt } from "../schema/excerpt.ts";
import { createUploadId } from "../schema/names.ts";
import { type Receiving, ReceivingSchema, type UploadOffer } from "../schema/receiving.ts";
import { broughtColumns, type UploadManifest } from "../schema/upload.ts";
import { checkRelationSize, type UploadLimits } from "./input-limits.ts";
import { checkUpload, makeIncoming, publishUpload } from "./local-target.ts";
import { receiveStream } from "./receive-stream.ts";
import { selectHashes } from "./staged-hashes.ts";

/** An upload that is taken in piece by piece, in `staging/.incoming/`. */
export interface ReceivedUpload {
  uploadId: string;
  receiving: Receiving;
  layout: UploadLayout;
}

/**
 * Begins to take in an upload, or goes on with the one of that identity and owner that did not get to its end. Throws
 * what `UploadTarget.check` does.
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
  const receiving: Receiving = { ...offer, owner, begun_at: new Date().toISOString() };
  await writeJson(layout.receiving.stagedAt, receiving, lake.modes);
  return uploadId;
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
    throw new AppError("not_found", `no upload ${uploadId} is being taken in; run the command again`, {
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
    const isHere = (await isStagedFile(layout.file(hash))) || (await findStored(lake, receiving.key, hash));
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
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/**
 * Makes an upload pending once all of it is there: every content that its rows name, and as many rows as it says. Throws
 * `invalid_input` naming what lacks, `partition_exists` and the like where the lake has changed meanwhile.
 */
export async function commitReceived(
  lake: Lake,
  database: Database,
  received: ReceivedUpload,
  manifest: UploadManifest,
  limits: UploadLimits,
): Promise<UploadManifest> {
  const { receiving, layout, uploadId } = received;
  const { key, mode, columns, refers_to_raw: refersToRaw } = receiving;
  await checkUpload(lake, { key, mode, columns, refersToRaw });
  const told = {
    provider: manifest.provider,
    dataset: manifest.dataset,
    task: manifest.task,
    variant: manifest.variant,
  };
  if (
    manifest.upload_id !== uploadId ||
    manifest.mode !== mode ||
    JSON.stringify(told) !== JSON.stringify(key)
  ) {
    throw new AppError(
      "invalid_input",
      `the manifest is not that of upload ${uploadId}; run the command again`,
    );
  }
  const rows = await openRows(received);
  try {
    await checkRelationSize(database, `read_parquet(${quoteText(rows.openPath)})`, limits);
    await checkRows(lake, database, received, { manifest, rows });
  } finally {
    await rows.close();
  }
  const sizes = await stagedSizes(layout);
  await rm(layout.receiving.stagedAt);
  const published = {
    ...manifest,
    staged_files: sizes.length,
    staged_bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
  try {
    return await publishUpload(lake, layout.folder, published);
  } catch (error) {
    await writeJson(layout.receiving.stagedAt, receiving, lake.modes).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

async function openRows({ uploadId, layout }: ReceivedUpload): Promise<StagedHandle> {
  return openStaged(layout.rows, { maxBytes: Number.POSITIVE_INFINITY }).catch((error) => {
    throw isMissing(error) ? lacks(uploadId, "its rows") : error;
  });
}

const HASHES_AT_ONCE = 2048;

/** Throws `invalid_input` for rows that are not what the manifest says, or that cannot be read to their end. */
async function checkRows(
  lake: Lake,
  database: Database,
  received: ReceivedUpload,
  staged: { manifest: UploadManifest; rows: StagedFile },
): Promise<void> {
  try {
    await readRows(lake, database, received, staged);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { uploadId } = received;
    throw new AppError(
      "invalid_input",
      `the rows of upload ${uploadId} cannot be read: they are damaged, or not what uploads hold; send them again`,
      { details: { upload_id: uploadId }, cause },
    );
  }
}

async function readRows(
  lake: Lake,
  database: Database,
  received: ReceivedUpload,
  { manifest, rows: file }: { manifest: UploadManifest; rows: StagedFile },
): Promise<void> {
  const rows = `read_parquet(${quoteText(file.openPath)}, hive_partitioning = false)`;
  const [facts] = await database.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${rows}`);
  if (facts?.rows !== manifest.rows)
    throw lacks(received.uploadId, `${manifest.rows} rows (it has ${facts?.rows})`);
  const hashes = selectHashes(file.openPath, broughtColumns(manifest), "__reject IS NULL");
  const named = `FROM (${hashes}) WHERE hash IS NOT NULL`;
  // Of what is no digest nothing is asked: it would be a question about a path of the server.
  const [wrong] = await database.rows<{ row: number; hash: string }>(
    `SELECT CAST(source_row AS DOUBLE) AS row, left(hash, 100) AS hash ${named}
     AND NOT regexp_full_match(hash, '[0-9a-f]{64}') LIMIT 1`,
  );
  if (wrong !== undefined) throw noDigest(received.uploadId, wrong);
  const result = await database.stream(`SELECT DISTINCT hash ${named}`);
  let asked: string[] = [];
  const ask = async () => {
    const known = new Set(await knownContents(lake, received, asked));
    const missing = asked.filter((hash) => !known.has(hash));
    if (missing.length > 0)
      throw lacks(received.uploadId, `${missing.length} contents, ${missing[0]} among them`);
    asked = [];
  };
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    asked.push(...chunk.getColumnValues(0).map(String));
    if (asked.length >= HASHES_AT_ONCE) await ask();
  }
  await ask();
}

function noDigest(uploadId: string, { row, hash }: { row: number; hash: string }): AppError {
  return new AppError(
    "invalid_input",
    `upload ${uploadId}: row ${row} names its content by ${quoteExcerpt(hash)}, which is no SHA-256; send other rows`,
    { details: { upload_id: uploadId, source_row: row } },
  );
}

function lacks(uploadId: string, what: string): AppError {
  return new AppError(
    "invalid_input",
    `upload ${uploadId} lacks ${what}; run the command again, it goes on`,
    {
      details: { upload_id: uploadId },
    },
  );
}

async function stagedSizes({ files }: UploadLayout): Promise<number[]> {
  const sizes: number[] = [];
  for (const folder of await namesIn(files)) {
    for (const name of await namesIn(join(files, folder))) {
      sizes.push((await stat(join(files, folder, name))).size);
    }
  }
  return sizes;
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
  await removeTree(layout.folder);
}

/** Removes uploads that nobody went on with for `maxAgeMs`; gives how many. */
export async function expireReceiving(lake: Lake, nowMs: number, maxAgeMs: number): Promise<number> {
  let count = 0;
  for (const uploadId of await incomingIds(lake)) {
    const { folder, receiving } = createUploadLayout(join(lake.layout.incoming, uploadId));
    try {
      if (!(await isStagedFile(receiving))) continue; // one that a local command is staging
      if (nowMs - (await stat(folder)).mtimeMs < maxAgeMs) continue;
      await removeTree(folder);
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
