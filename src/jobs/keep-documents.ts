import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { DOCUMENT_COLUMN, DOCUMENT_PATH_COLUMN } from "../schema/pages.ts";
import type { WorkContext } from "./context.ts";
import type { UploadDocuments } from "./documents.ts";
import { RESULTS_TABLE } from "./row-results.ts";
import { type StagedRows, selectDocuments } from "./select.ts";

/**
 * Stores an upload's documents according to `images.keep_documents` and records their paths in the results.
 * `auto` keeps documents with rendered pages, since a rendering does not hold everything.
 */
export async function keepDocuments(
  { database, settings }: WorkContext,
  source: StagedRows,
  documents: UploadDocuments,
): Promise<void> {
  const when = settings.images.keep_documents;
  if (when === "never") return;
  const wanted = await database.rows<{ document: string; name: string | null }>(
    selectDocuments(source, { onlyDrawn: when === "auto" }),
  );
  for (const { document, name } of wanted) {
    const kept = await documents.keep(document, name);
    if ("reason" in kept) throw new AppError("corrupt", `${name ?? document}: ${kept.reason}`);
    await database.run(
      `UPDATE ${RESULTS_TABLE} SET ${quoteName(DOCUMENT_PATH_COLUMN.name)} = ${quoteText(kept.path)}
       WHERE ${quoteName(DOCUMENT_COLUMN.name)} = ${quoteText(document)}`,
    );
  }
}
