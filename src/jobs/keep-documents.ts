import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { DOCUMENT_COLUMN, DOCUMENT_PATH_COLUMN } from "../schema/pages.ts";
import type { WorkContext } from "./context.ts";
import type { UploadDocuments } from "./documents.ts";
import { RESULTS_TABLE } from "./row-results.ts";
import { type StagedRows, selectDocuments } from "./select.ts";

/**
 * Stores the documents of an upload that the setting `images.keep_documents` says, and notes their paths in the results.
 * `auto` means those of which a page was drawn: a drawing is not all that the document holds.
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
