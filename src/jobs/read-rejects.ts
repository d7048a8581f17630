import { stat } from "node:fs/promises";
import * as v from "valibot";
import { AppError } from "../errors.ts";
import { exists, namesIn } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { isStagedFile } from "../lake/staged-file.ts";
import { openDatabase } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import { Sha256Schema } from "../schema/names.ts";
import type { RejectedRow, RejectList } from "../schema/upload-list.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { listUploadsOf } from "./upload-list.ts";

const COMPLETED = 10_000;
/** Files looked at. */
const AT_ONCE = 16;

/** The first rejected rows of an upload in input order. Throws `not_found` for an unknown upload. */
export async function readRejects(
  lake: Lake,
  uploadId: string,
  { limit, scratch }: { limit: number; scratch: string },
): Promise<RejectList> {
  const file = lake.layout.rejects(uploadId);
  if (!(await isRegular(file))) {
    const known = await listUploadsOf(lake, { completed: COMPLETED });
    if (known.some(({ upload_id }) => upload_id === uploadId)) {
      return { upload_id: uploadId, rejected: 0, rejects: [] };
    }
    throw new AppError("not_found", `no upload ${uploadId}; see \`datalake process list\``, {
      details: { upload_id: uploadId },
    });
  }
  const rows = `read_parquet(${quoteText(file)})`;
  const database = await openDatabase({ scratch, memory: "256MB", threads: 1 });
  try {
    const [count] = await database.rows<{ rejected: number }>(`SELECT count(*) AS rejected FROM ${rows}`);
    // Earlier versions wrote the first three columns.
    const columns = ["source_row", "source_name", "reason", "source_hash", "page", "path"]
      .map(quoteText)
      .join(", ");
    const listed = await database.rows<RejectedRow>(
      `SELECT COLUMNS(lambda name: name IN (${columns})) FROM ${rows} ORDER BY source_row LIMIT ${limit}`,
    );
    const isKept = await keptFiles(lake, uploadId);
    const rejects = await mapConcurrent(
      listed,
      AT_ONCE,
      async ({ source_hash: hash = null, page = null, path = null, ...row }) => ({
        ...row,
        source_hash: hash !== null && (await isKept(hash)) ? hash : null,
        page,
        path,
      }),
    );
    return { upload_id: uploadId, rejected: count?.rejected ?? 0, rejects };
  } finally {
    database.close();
  }
}

/**
 * Says whether the file of a rejected row is there, by its SHA-256. A failed upload may have millions of files, of which only
 * those asked for are looked at.
 */
async function keptFiles(lake: Lake, uploadId: string): Promise<(hash: string) => Promise<boolean>> {
  const kept = new Set(await namesIn(lake.layout.rejectedFiles(uploadId)));
  const failed = createUploadLayout(lake.layout.upload("failed", uploadId));
  const hasFailed = await exists(failed.files).catch(() => false);
  return async (hash) => {
    if (kept.has(hash)) return true;
    // Another account's staging may not be looked into.
    return hasFailed && v.is(Sha256Schema, hash) && isStagedFile(failed.file(hash)).catch(() => false);
  };
}

/** The engine would block on a pipe. */
async function isRegular(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
