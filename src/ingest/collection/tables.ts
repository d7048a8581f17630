import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../../errors.ts";
import { quoteName } from "../../query/sql.ts";
import { EntryProblem, type Input, type InputContext } from "../input.ts";
import { findLocalFile } from "../local-paths.ts";
import { refused } from "../refusals.ts";
import { openTables, type TableFormat, tableOfName } from "../table-readers.ts";
import { utf8Path, type WalkedFile } from "../walk.ts";
import type { CollectionPlace, FoundFiles } from "./found-files.ts";

/** Files of rows; those of zips are unpacked to scratch, for their readers take files. */
export async function openFoundTables(
  found: FoundFiles,
  { path, folder }: CollectionPlace,
  context: InputContext,
): Promise<Input> {
  const files = await localFiles(found, folder, "kind IN ('table', 'json', 'metadata')", context);
  const formats = new Set(files.map((file) => tableOfName(file.path)));
  const [format, another] = [...formats];
  if (another !== undefined) {
    throw refused(path, `${path} holds ${[...formats].join(" and ")} files; give those of one format`);
  }
  const paths = files.map((file) => utf8Path(file));
  const input = await openTables(format as TableFormat, path, paths, context).catch((error) => {
    throw withoutScratch(error, context.scratch);
  });
  return { ...input, path, folder, openEntry: (entry) => found.archives.find(entry) };
}

/** Files as the disk has them, in their order; those of zips are unpacked to scratch. */
export async function localFiles(
  found: FoundFiles,
  folder: string,
  where: string,
  { database, scratch }: InputContext,
): Promise<WalkedFile[]> {
  const rows = await database.rows<{ path: string }>(
    `SELECT path FROM ${quoteName(found.table)} WHERE ${where} ORDER BY given, string_split(path, '/')`,
  );
  const files: WalkedFile[] = [];
  for (const { path } of rows) {
    const entry = found.archives.find(path);
    const local =
      entry === undefined ? (await findLocalFile(path, [folder]))?.path : join(scratch, "unpacked", path);
    if (local === undefined)
      throw new AppError("not_found", `the file ${path} does not exist`, { details: { path } });
    files.push({ path, local });
    if (entry === undefined || typeof local !== "string") continue;
    await mkdir(dirname(local), { recursive: true });
    await entry
      .asFile((from) => copyFile(from, local))
      .catch((error) => {
        if (!(error instanceof EntryProblem)) throw error;
        throw new AppError("invalid_input", error.message, { details: { path }, cause: error });
      });
  }
  return files;
}

/** The path of what was unpacked means nothing to a person. */
function withoutScratch(error: unknown, scratch: string): unknown {
  if (!(error instanceof AppError) || !error.message.includes(scratch)) return error;
  const message = error.message.replaceAll(`${join(scratch, "unpacked")}/`, "");
  return new AppError(error.code, message, {
    details: { ...error.details, path: undefined },
    cause: error.cause,
  });
}
