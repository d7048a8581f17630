import { open, readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { openCsv } from "./csv-reader.ts";
import { openImageFolder } from "./image-folder.ts";
import type { Input, ReaderContext } from "./input.ts";
import { openJsonLines } from "./jsonl-reader.ts";
import { openParquet } from "./parquet-reader.ts";
import { findSavedDataset, openSavedDataset } from "./saved-dataset.ts";
import { addSplits } from "./splits.ts";
import { isImagePath, walkFiles } from "./walk.ts";

/** What stands behind a file's name or first bytes. */
const FILE_READERS = {
  parquet: (path: string, files: string[], context: ReaderContext) =>
    openParquet(path, folderOf(path, files), addSplits(files), context),
  arrow: async (path: string, files: string[], context: ReaderContext) => {
    const { openArrowFiles } = await import("./arrow-reader.ts");
    return openArrowFiles("arrow", path, folderOf(path, files), addSplits(files), context);
  },
  jsonl: (_path: string, files: string[], context: ReaderContext) => openJsonLines(files, context),
  csv: (_path: string, files: string[], context: ReaderContext) => openCsv(files, context),
} satisfies Record<string, (path: string, files: string[], context: ReaderContext) => Promise<Input>>;

const METADATA_FILE = /(^|\/)metadata\.(jsonl|csv|parquet)$/;

type FileFormat = keyof typeof FILE_READERS;

const EXTENSIONS: Record<string, FileFormat> = {
  ".parquet": "parquet",
  ".arrow": "arrow",
  ".feather": "arrow",
  ".jsonl": "jsonl",
  ".ndjson": "jsonl",
  ".jsonl.gz": "jsonl",
  ".ndjson.gz": "jsonl",
  ".csv": "csv",
  ".csv.gz": "csv",
  ".tsv": "csv",
};

export const INPUT_HELP =
  "a Parquet, Arrow, Feather, JSON Lines or CSV file, a folder or glob of them, a save_to_disk folder, or a folder of images";

/**
 * Opens whatever `path` names: a file, a folder or a glob. Throws `not_found` when nothing is there,
 * `unsupported_format` when it is nothing that can be read, `invalid_input` when it is damaged.
 */
export async function openInput(path: string, context: ReaderContext): Promise<Input> {
  const absolute = resolve(path);
  const facts = await stat(absolute).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (facts?.isDirectory()) return openFolder(absolute, context);
  const files = facts ? [absolute] : await expandGlob(absolute);
  const formats = new Set(await Promise.all(files.map(fileFormat)));
  const [format] = formats;
  if (formats.size !== 1 || format === undefined) {
    throw new AppError(
      "unsupported_format",
      `${path} matches files of several formats; give one format at a time`,
    );
  }
  return FILE_READERS[format](absolute, files, context);
}

async function openFolder(folder: string, context: ReaderContext): Promise<Input> {
  const saved = await findSavedDataset(folder);
  if (saved) return openSavedDataset(folder, saved, context);
  const found: Record<FileFormat, string[]> = { parquet: [], arrow: [], jsonl: [], csv: [] };
  let images = false;
  for await (const path of walkFiles(folder)) {
    images ||= isImagePath(path);
    const format = METADATA_FILE.test(path) ? undefined : formatOfName(path);
    if (format) found[format].push(join(folder, path));
  }
  // tables beside a few pictures are what is meant, but not text files beside images
  if (images && found.parquet.length + found.arrow.length === 0) return openImageFolder(folder, context);
  const shards = Object.entries(found).filter(([, files]) => files.length > 0) as [FileFormat, string[]][];
  const [first, second] = shards;
  if (first === undefined) {
    throw new AppError(
      "unsupported_format",
      `${folder} holds nothing that can be uploaded; give ${INPUT_HELP}`,
      {
        details: { path: folder },
      },
    );
  }
  if (second !== undefined) {
    throw new AppError(
      "unsupported_format",
      `${folder} holds ${first[0]} and ${second[0]} files; name those to upload, for example ${join(folder, `*.${first[0]}`)}`,
      { details: { path: folder } },
    );
  }
  return FILE_READERS[first[0]](folder, first[1], context);
}

async function expandGlob(pattern: string): Promise<string[]> {
  const files: string[] = [];
  if (/[*?[{]/.test(pattern)) {
    const root = pattern.slice(0, pattern.slice(0, pattern.search(/[*?[{]/)).lastIndexOf("/") + 1);
    const exists = await readdir(root).then(
      () => true,
      () => false,
    );
    const glob = new Bun.Glob(pattern.slice(root.length));
    if (exists)
      for await (const path of glob.scan({ cwd: root, onlyFiles: true })) files.push(join(root, path));
  }
  if (files.length > 0) return files.sort();
  throw new AppError("not_found", `${pattern} does not exist; give ${INPUT_HELP}`, {
    details: { path: pattern },
  });
}

function formatOfName(path: string): FileFormat | undefined {
  const name = path.toLowerCase();
  const extension = Object.keys(EXTENSIONS).find((candidate) => name.endsWith(candidate));
  return extension === undefined ? undefined : EXTENSIONS[extension];
}

async function fileFormat(path: string): Promise<FileFormat> {
  const format = formatOfName(path) ?? (await formatOfContent(path));
  if (format !== undefined) return format;
  throw new AppError("unsupported_format", `${path} cannot be uploaded; give ${INPUT_HELP}`, {
    details: { path },
  });
}

async function formatOfContent(path: string): Promise<FileFormat | undefined> {
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

function folderOf(path: string, files: readonly string[]): string {
  return files[0] === path || files[0] === undefined ? dirname(path) : commonFolder(files);
}

function commonFolder(files: readonly string[]): string {
  let folder = dirname(files[0] ?? "/");
  while (!files.every((file) => file.startsWith(`${folder === "/" ? "" : folder}/`)))
    folder = dirname(folder);
  return folder;
}
