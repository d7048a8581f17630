import { join } from "node:path";
import type { RowReject } from "../ingest/reject-limit.ts";
import { ensureFolder } from "../lake/files.ts";
import { givePermissions } from "../lake/group.ts";
import { replaceFile } from "../lake/replace.ts";
import { removeUnlessHeld } from "../lake/replaced.ts";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import type { WorkContext } from "./context.ts";
import { countRejected, type StagedRows, selectRejected } from "./select.ts";

/** Number of rejected rows, and the first of them for a message. */
export async function findRejects(
  database: Database,
  source: StagedRows,
): Promise<{ rejected: number; first: RowReject | undefined }> {
  const [count] = await database.rows<{ rejected: number }>(countRejected(source));
  const rejected = count?.rejected ?? 0;
  if (rejected === 0) return { rejected, first: undefined };
  const [first] = await database.rows<RowReject>(`${selectRejected(source)} LIMIT 1`);
  return { rejected, first };
}

/** Writes `jobs/<upload>.rejects.parquet`: as of `selectRejected`. Repeatable. */
export async function writeRejects(context: WorkContext, source: StagedRows): Promise<void> {
  const { lake, database } = context;
  const target = lake.layout.rejects(source.manifest.upload_id);
  const temp = lake.layout.work(crypto.randomUUID());
  try {
    await ensureFolder(temp, lake.modes);
    const file = join(temp, "rejects.parquet");
    await database.run(
      `COPY (${selectRejected(source)}) TO ${quoteText(file)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await givePermissions(file, lake.modes.file);
    await context.confirm();
    await replaceFile(file, target);
  } finally {
    await removeUnlessHeld(temp);
  }
}
