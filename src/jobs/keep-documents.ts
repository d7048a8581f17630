import { AppError, throwIfCancelled } from "../errors.ts";
import { quoteName } from "../query/sql.ts";
import { DOCUMENT_COLUMN, DOCUMENT_PATH_COLUMN } from "../schema/pages.ts";
import type { WorkContext } from "./context.ts";
import type { UploadDocuments } from "./documents.ts";
import { RESULTS_TABLE } from "./row-results.ts";
import { type StagedRows, selectDocuments } from "./select.ts";

const PATHS_TABLE = "kept_documents";

/**
 * Stores an upload's documents according to `images.keep_documents` and records their paths in the results.
 * `auto` keeps documents with rendered pages, since a rendering does not hold everything. There may be as many
 * documents as pages. Throws `cancelled`.
 */
export async function keepDocuments(
  { database, settings }: Pick<WorkContext, "database" | "settings">,
  source: StagedRows,
  documents: Pick<UploadDocuments, "keep">,
  { signal, onDocument }: { signal: AbortSignal; onDocument(): Promise<void> },
): Promise<void> {
  const when = settings.images.keep_documents;
  if (when === "never") return;
  const wanted = await database.rows<{ document: string; name: string | null }>(
    selectDocuments(source, { onlyDrawn: when === "auto" }),
  );
  if (wanted.length === 0) return;
  await database.run(`CREATE OR REPLACE TABLE ${PATHS_TABLE} (document VARCHAR, path VARCHAR)`);
  const appender = await database.connection.createAppender(PATHS_TABLE);
  try {
    for (const { document, name } of wanted) {
      throwIfCancelled(signal);
      const kept = await documents.keep(document, name);
      if ("reason" in kept) throw new AppError("corrupt", `${name ?? document}: ${kept.reason}`);
      appender.appendVarchar(document);
      appender.appendVarchar(kept.path);
      appender.endRow();
      await onDocument();
    }
  } finally {
    appender.closeSync();
  }
  await database.run(
    `UPDATE ${RESULTS_TABLE} AS r SET ${quoteName(DOCUMENT_PATH_COLUMN.name)} = kept.path
     FROM ${PATHS_TABLE} AS kept WHERE r.${quoteName(DOCUMENT_COLUMN.name)} = kept.document`,
  );
  await database.run(`DROP TABLE ${PATHS_TABLE}`);
}
