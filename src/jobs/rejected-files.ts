import { AppError } from "../errors.ts";
import { ensureFolder, isMissing, namesIn, removeTree } from "../lake/files.ts";
import { givePermissions } from "../lake/group.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { copyOwn } from "../lake/own-copy.ts";
import { openStaged, type StagedHandle } from "../lake/staged-file.ts";
import { quoteText } from "../query/sql.ts";
import type { WorkContext } from "./context.ts";

/** Of one upload: a person looks at the first ones. */
const MAX_FILES = 100;
const MAX_BYTES = 50_000_000;
/** Uploads with kept files; those of older ones are removed. */
const MAX_UPLOADS = 50;

/**
 * Keeps the files of the first rejected rows of an upload that is committed, for people to look at: its staging is removed.
 * Of a failed one all stay there. The commit stands whatever happens here.
 */
export async function keepRejectedFiles(
  { lake, database, logger, confirm }: WorkContext,
  uploadId: string,
  folder: string,
): Promise<void> {
  try {
    const rows = await database.rows<{ hash: string }>(
      `SELECT source_hash AS hash FROM read_parquet(${quoteText(lake.layout.rejects(uploadId))})
       WHERE source_hash IS NOT NULL GROUP BY ALL ORDER BY min(source_row) LIMIT ${MAX_FILES}`,
    );
    if (rows.length === 0) return;
    await confirm();
    await copyFiles(
      lake,
      uploadId,
      folder,
      rows.map(({ hash }) => hash),
    );
    await removeOld(lake);
  } catch (error) {
    logger.warn("the files of rejected rows are not kept", { upload_id: uploadId, error });
  }
}

async function copyFiles(
  { layout, modes }: Lake,
  uploadId: string,
  folder: string,
  hashes: readonly string[],
): Promise<void> {
  const target = layout.rejectedFiles(uploadId);
  await removeTree(target); // of a run that ended on its way
  await ensureFolder(target, modes);
  let leftBytes = MAX_BYTES;
  for (const hash of hashes) {
    const file = await openIfThere(createUploadLayout(folder), hash);
    if (file === undefined) continue;
    try {
      if (file.facts.size > leftBytes) continue;
      const copy = layout.rejectedFile(uploadId, hash);
      leftBytes -= copyOwn(file, copy, { mode: modes.file, group: null }).bytes;
      await givePermissions(copy, modes.file);
    } finally {
      await file.close();
    }
  }
}

async function openIfThere(
  upload: ReturnType<typeof createUploadLayout>,
  hash: string,
): Promise<StagedHandle | undefined> {
  try {
    return await openStaged(upload.file(hash), { maxBytes: MAX_BYTES });
  } catch (error) {
    if (isMissing(error) || (error instanceof AppError && error.code === "corrupt")) return undefined;
    throw error;
  }
}

async function removeOld({ layout }: Lake): Promise<void> {
  const ids = (await namesIn(layout.jobs)).map(layout.parseRejectedFiles).filter((id) => id !== undefined);
  // Ids sort by time.
  for (const id of ids.sort().slice(0, -MAX_UPLOADS)) await removeTree(layout.rejectedFiles(id));
}
