import { join } from "node:path";
import { quoteName, quoteText } from "../../query/sql.ts";
import { openListedFolder } from "../image-folder.ts";
import { IMAGE_PATH_COLUMN, type ImageList } from "../image-list.ts";
import type { Input, InputContext } from "../input.ts";
import type { CollectionPlace, FoundFiles } from "./found-files.ts";
import { findTiffs } from "./found-tiffs.ts";
import { localFiles } from "./tables.ts";

/** Images with metadata.{jsonl,csv,parquet} beside them, as in a folder of images; all of it may be in zips. */
export async function openDescribed(
  found: FoundFiles,
  { path, folder }: CollectionPlace,
  context: InputContext,
): Promise<Input> {
  const { database, scratch } = context;
  const table = quoteName(found.table);
  const file = join(scratch, "images.parquet");
  await database.run(
    `COPY (SELECT path AS ${quoteName(IMAGE_PATH_COLUMN)} FROM ${table} WHERE kind = 'image'
      ORDER BY given, string_split(path, '/')) TO ${quoteText(file)} (FORMAT parquet)`,
  );
  const list: ImageList = {
    file,
    count: found.count("image"),
    sizeBytes: found.sizeBytes,
    metadata: await localFiles(found, folder, "kind = 'metadata'", context),
    tiffs: await findTiffs(found, folder, database),
  };
  const others = await database.rows<{ path: string }>(
    `SELECT path FROM ${table} WHERE kind NOT IN ('image', 'metadata')`,
  );
  for (const { path } of others) found.leftOut.add(path, "other");
  const input = await openListedFolder(path, folder, list, found.leftOut.notices(), context);
  return { ...input, openEntry: (entry) => found.archives.find(entry) };
}
