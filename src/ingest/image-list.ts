import { stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { systemCode } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { fileKind, mayBeTiff } from "./file-kinds.ts";
import type { ReaderContext } from "./input.ts";
import type { LocalPath } from "./legacy-names.ts";
import { type FoundTiff, TIFFS_LOOKED_AT } from "./paged-tiffs.ts";
import type { SkippedFiles } from "./skipped-files.ts";
import type { WalkedFile } from "./walk.ts";

/** Column of the list with each image's path relative to the folder. */
export const IMAGE_PATH_COLUMN = "__image_path";

export interface ImageList {
  /** A Parquet file in scratch with one row an image. */
  file: string;
  count: number;
  sizeBytes: number;
  /** Metadata files among them. */
  metadata: WalkedFile[];
  /** The first TIFFs, which may have several pages. */
  tiffs: FoundTiff[];
}

const METADATA = /^metadata\.(jsonl|csv|parquet)$/;
const AT_ONCE = 32;
const BATCH = 1024;

/** Writes the list of images to scratch, so that a folder of millions is not held in memory; counts what is left out. */
export async function listImages(
  files: AsyncIterable<WalkedFile>,
  leftOut: SkippedFiles,
  { database, scratch, signal }: ReaderContext,
): Promise<ImageList> {
  const file = join(scratch, "images.parquet");
  const found: ImageList = { file, count: 0, sizeBytes: 0, metadata: [], tiffs: [] };
  const table = `images_${crypto.randomUUID().replaceAll("-", "")}`;
  await database.run(`CREATE TEMP TABLE ${table} (path VARCHAR)`);
  const appender = await database.connection.createAppender(table, "main", "temp");
  const flush = async (some: WalkedFile[]) => {
    signal?.throwIfAborted();
    const looked = await mapConcurrent(some, AT_ONCE, async ({ path, local }) => {
      const kind = await fileKind(path, local);
      return { path, local, kind, sizeBytes: kind === "image" ? await fileSize(local) : 0 };
    });
    for (const { path, local, kind, sizeBytes } of looked) {
      if (kind !== "image") {
        leftOut.add(path, kind);
        continue;
      }
      if (found.tiffs.length < TIFFS_LOOKED_AT && mayBeTiff(path) && typeof local === "string")
        found.tiffs.push({ path, place: local });
      appender.appendVarchar(path);
      appender.endRow();
      found.count++;
      found.sizeBytes += sizeBytes;
    }
  };
  let some: WalkedFile[] = [];
  for await (const file of files) {
    if (METADATA.test(basename(file.path))) found.metadata.push(file);
    else some.push(file);
    if (some.length < BATCH) continue;
    await flush(some);
    some = [];
  }
  await flush(some);
  appender.closeSync();
  await database.run(
    `COPY (SELECT path AS ${quoteName(IMAGE_PATH_COLUMN)} FROM ${table}) TO ${quoteText(found.file)} (FORMAT parquet)`,
  );
  await database.run(`DROP TABLE ${table}`);
  return found;
}

/** Zero for a link that leads nowhere: its row says so later. */
async function fileSize(path: LocalPath): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error) || systemCode(error) === "ELOOP") return 0;
    throw error;
  }
}
