import { stat } from "node:fs/promises";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
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
    const rejects = await database.rows<RejectedRow>(
      `SELECT source_row, source_name, reason FROM ${rows} ORDER BY source_row LIMIT ${limit}`,
    );
    return { upload_id: uploadId, rejected: count?.rejected ?? 0, rejects };
  } finally {
    database.close();
  }
}

/** The engine would block on a pipe. */
async function isRegular(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isFile(),
    () => false,
  );
}
