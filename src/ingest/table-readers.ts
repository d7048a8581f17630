import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { openCsv } from "./csv-reader.ts";
import type { Input, ReaderContext } from "./input.ts";
import { openJsonLines } from "./jsonl-reader.ts";
import { openParquet } from "./parquet-reader.ts";
import { addSplits } from "./splits.ts";
import { valueFolderNotices } from "./value-folders.ts";

/** What reads files of rows; `path` is what was given, for messages. */
const TABLE_READERS = {
  parquet: (path: string, files: string[], context: ReaderContext) =>
    openParquet(path, folderOf(path, files), addSplits(files), context),
  arrow: async (path: string, files: string[], context: ReaderContext) => {
    const { openArrowFiles } = await import("./arrow-reader.ts");
    return openArrowFiles("arrow", path, folderOf(path, files), addSplits(files), context);
  },
  jsonl: (_path: string, files: string[], context: ReaderContext) => openJsonLines(files, context),
  csv: (_path: string, files: string[], context: ReaderContext) => openCsv(files, context),
} satisfies Record<string, (path: string, files: string[], context: ReaderContext) => Promise<Input>>;

export type TableFormat = keyof typeof TABLE_READERS;

/** Opens files of rows of one format as one input; `path` is what was given. */
export async function openTables(
  format: TableFormat,
  path: string,
  files: string[],
  context: ReaderContext,
): Promise<Input> {
  const input = await TABLE_READERS[format](path, files, context);
  const isFolder = files.every((file) => file.startsWith(`${path}/`));
  const folder = isFolder ? path : folderOf(path, files);
  return {
    ...input,
    notices: [...input.notices, ...valueFolderNotices(folder, files, input.columns)],
  };
}

const EXTENSIONS: Record<string, TableFormat> = {
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".feather": "arrow",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".jsonl.gz": "jsonl",
  ".ndjson.gz": "jsonl",
  ".json": "jsonl",
  ".json.gz": "jsonl",
  ".csv": "csv",
  ".csv.gz": "csv",
  ".tsv": "csv",
  ".tsv.gz": "csv",
};

/** Metadata of a folder of images: no table by itself. */
export const METADATA_FILE = /(^|\/)metadata\.(jsonl|csv|parquet)$/;

/** The format of a table by its file's name. */
export function tableOfName(path: string): TableFormat | undefined {
  const name = path.toLowerCase();
  const extension = Object.keys(EXTENSIONS).find((candidate) => name.endsWith(candidate));
  return extension === undefined ? undefined : EXTENSIONS[extension];
}

/** The format of a table by its first bytes. */
export async function tableOfContent(path: string): Promise<TableFormat | undefined> {
  const handle = await open(path, "r");
  try {
    const magic = Buffer.alloc(6);
    await handle.read(magic, 0, 6, 0);
    if (magic.toString("latin1", 0, 4) === "PAR1") return "parquet";
    return magic.toString("latin1") === "ARROW1" ? "arrow" : undefined;
  } finally {
    await handle.close();
  }
}

export function isTableFormat(kind: unknown): kind is TableFormat {
  return typeof kind === "string" && kind in TABLE_READERS;
}

/** Where relative paths of rows start. */
export function folderOf(path: string, files: readonly string[]): string {
  return files[0] === path || files[0] === undefined ? dirname(path) : commonFolder(files);
}

/** The innermost folder that all files are in. */
export function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? "/");
  while (!files.every((file) => file.startsWith(`${folder === "/" ? "" : folder}/`)))
    folder = dirname(folder);
  return folder;
}
