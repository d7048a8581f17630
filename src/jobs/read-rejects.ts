import { readdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing, namesIn } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import { createUploadLayout } from "../lake/layout.ts";
import { openDatabase } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import type { RejectedRow, RejectList } from "../schema/upload-list.ts";
import { listUploadsOf } from "./upload-list.ts";

const COMPLETED = 10_000;

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
    const columns = ["source_row", "source_name", "reason", "source_hash", "path"].map(quoteText).join(", ");
    const listed = await database.rows<RejectedRow>(
      `SELECT COLUMNS(lambda name: name IN (${columns})) FROM ${rows} ORDER BY source_row LIMIT ${limit}`,
    );
    const isKept = await keptFiles(lake, uploadId);
    const rejects = listed.map(({ source_hash: hash = null, path = null, ...row }) => ({
      ...row,
      source_hash: hash !== null && isKept(hash) ? hash : null,
      path,
    }));
    return { upload_id: uploadId, rejected: count?.rejected ?? 0, rejects };
  } finally {
    database.close();
  }
}

/** Says whether the file of a rejected row is there, by its SHA-256. */
async function keptFiles(lake: Lake, uploadId: string): Promise<(hash: string) => boolean> {
  const kept = await namesIn(lake.layout.rejectedFiles(uploadId));
  const { files } = createUploadLayout(lake.layout.upload("failed", uploadId));
  const failed = await readdir(files, { recursive: true }).catch((error) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const names = new Set([...kept, ...failed.map((name) => basename(name))]);
  return (hash) => names.has(hash);
}

/** The engine would block on a pipe. */
async function isRegular(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
