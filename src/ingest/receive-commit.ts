import { stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing, namesIn } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { UploadLayout } from "../lake/layout.ts";
import { openStaged, type StagedFile, type StagedHandle } from "../lake/staged-file.ts";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import { quoteExcerpt } from "../schema/excerpt.ts";
import { broughtColumns, type UploadManifest } from "../schema/upload.ts";
import { checkRelationSize, type UploadLimits } from "./input-limits.ts";
import { checkUpload, publishUpload } from "./local-destination.ts";
import { endReceiving, knownContents, noteReceiving, type ReceivedUpload } from "./receive.ts";
import { selectHashes } from "./staged-hashes.ts";

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
      `the manifest does not belong to upload ${uploadId}; run the command again`,
    );
  }
  const rows = await openRows(received);
  try {
    await checkRows(lake, database, received, { manifest, rows, limits });
  } finally {
    await rows.close();
  }
  const sizes = await stagedSizes(layout);
  await endReceiving(layout);
  const published = {
    ...manifest,
    staged_files: sizes.length,
    staged_bytes: sizes.reduce((sum, size) => sum + size, 0),
  };
  try {
    return await publishUpload(lake, layout.folder, published);
  } catch (error) {
    await noteReceiving(lake, layout, receiving).catch(() => {}); // the first error is the one to tell
    throw error;
  }
}

async function openRows({ uploadId, layout }: ReceivedUpload): Promise<StagedHandle> {
  return openStaged(layout.rows, { maxBytes: Number.POSITIVE_INFINITY }).catch((error) => {
    throw isMissing(error) ? missingPart(uploadId, "its rows") : error;
  });
}

const HASHES_AT_ONCE = 2048;

/** Throws `invalid_input` for rows that are not what the manifest says, or that cannot be read to their end. */
async function checkRows(
  lake: Lake,
  database: Database,
  received: ReceivedUpload,
  staged: { manifest: UploadManifest; rows: StagedFile; limits: UploadLimits },
): Promise<void> {
  try {
    await checkRelationSize(database, `read_parquet(${quoteText(staged.rows.openPath)})`, staged.limits);
    await readRows(lake, database, received, staged);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    const { uploadId } = received;
    throw new AppError(
      "invalid_input",
      `the rows of upload ${uploadId} cannot be read: they are damaged, or not rows of an upload; send them again`,
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
    throw missingPart(received.uploadId, `${manifest.rows} rows (it has ${facts?.rows})`);
  const hashes = selectHashes(file.openPath, broughtColumns(manifest), {
    ofPages: manifest.pages !== undefined,
    where: "__reject IS NULL",
  });
  const named = `FROM (${hashes}) WHERE hash IS NOT NULL`;
  // Of what is no digest nothing is asked: it would be a question about a path of the server.
  const [wrong] = await database.rows<{ row: number; hash: string }>(
    `SELECT CAST(source_row AS DOUBLE) AS row, left(hash, 100) AS hash ${named}
     AND NOT regexp_full_match(hash, '[0-9a-f]{64}') LIMIT 1`,
  );
  if (wrong !== undefined) throw noDigest(received.uploadId, wrong);
  let asked: string[] = manifest.pages?.font == null ? [] : [manifest.pages.font];
  const ask = async () => {
    const known = new Set(await knownContents(lake, received, asked));
    const missing = asked.filter((hash) => !known.has(hash));
    if (missing.length > 0)
      throw missingPart(received.uploadId, `${missing.length} contents, ${missing[0]} among them`);
    asked = [];
  };
  for await (const chunk of database.chunks(`SELECT DISTINCT hash ${named}`)) {
    asked.push(...chunk.getColumnValues(0).map(String));
    if (asked.length >= HASHES_AT_ONCE) await ask();
  }
  await ask();
}

function noDigest(uploadId: string, { row, hash }: { row: number; hash: string }): AppError {
  return new AppError(
    "invalid_input",
    `upload ${uploadId}: row ${row} refers to its content by ${quoteExcerpt(hash)}, which is not a SHA-256; send other rows`,
    { details: { upload_id: uploadId, source_row: row } },
  );
}

function missingPart(uploadId: string, what: string): AppError {
  return new AppError("invalid_input", `upload ${uploadId} lacks ${what}; run the command again to resume`, {
    details: { upload_id: uploadId },
  });
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
