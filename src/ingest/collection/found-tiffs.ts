import { join } from "node:path";
import type { Database } from "../../query/database.ts";
import { quoteName, quoteText } from "../../query/sql.ts";
import { PAGE_ENDINGS } from "../file-kinds.ts";
import { type FoundTiff, TIFFS_LOOKED_AT } from "../paged-tiffs.ts";
import type { FoundFiles } from "./found-files.ts";

/** The first files that may be TIFFs, by their names, and are one row each. */
export async function findTiffs(
  { table, archives }: FoundFiles,
  folder: string,
  database: Database,
): Promise<FoundTiff[]> {
  const endings = PAGE_ENDINGS.map((ending) => ending.slice(1)).filter((ending) => !/^tiff?$/.test(ending));
  const others = quoteText(`(?i)\\.(${endings.join("|")})$`);
  const found = await database.rows<{ path: string }>(
    `SELECT path FROM ${quoteName(table)} WHERE kind = 'image' AND NOT regexp_matches(path, ${others})
     ORDER BY given, path LIMIT ${TIFFS_LOOKED_AT}`,
  );
  return found.map(({ path }) => ({ path, place: archives.find(path) ?? join(folder, path) }));
}
