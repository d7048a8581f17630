import { open, readdir, stat } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { openCsv } from "./csv-reader.ts";
import { type FileKind, fileKind, isImagePath } from "./file-kinds.ts";
import { openImageFiles, openImageFolder } from "./image-folder.ts";
import type { Input, InputContext, ReaderContext } from "./input.ts";
import { openJsonLines } from "./jsonl-reader.ts";
import { isLeftover } from "./leftovers.ts";
import { openParquet } from "./parquet-reader.ts";
import { findSavedDataset, openSavedDataset } from "./saved-dataset.ts";
import { createSkippedFiles } from "./skipped-files.ts";
import { addSplits } from "./splits.ts";
import { utf8Path, walkFiles } from "./walk.ts";

/** What is behind a file's name or first bytes. */
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

const FILES_AT_ONCE = 32;

const EXTENSIONS: Record<string, FileFormat> = {
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

export const INPUT_HELP =
  "a Parquet, Arrow, Feather, JSON, JSON Lines or CSV file, an image, a folder or glob of them, or a save_to_disk folder";

/** Opens all that `paths` name as one input. Throws as `openInput` does. */
export async function openInputs(paths: readonly string[], context: InputContext): Promise<Input> {
  const [first, ...more] = paths;
  if (first !== undefined && more.length === 0) return openInput(first, context);
  throw new AppError("usage", "give one file, folder or glob");
}

/**
 * Opens whatever `path` names: a file, a folder or a glob. Throws `not_found` when nothing is there,
 * `unsupported_format` when it is nothing that can be read, `invalid_input` when it is damaged.
 */
async function openInput(path: string, context: InputContext): Promise<Input> {
  const absolute = resolve(path);
  const facts = await stat(absolute).catch((error) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (facts?.isDirectory()) return openFolder(absolute, context);
  const files = facts ? [absolute] : await expandGlob(absolute);
  return openFiles(absolute, files, context);
}

async function openFiles(path: string, files: readonly string[], context: InputContext): Promise<Input> {
  const kinds = await mapConcurrent(files, FILES_AT_ONCE, async (file) => ({
    file,
    kind: await kindOf(file),
  }));
  const tables = kinds.filter(({ kind }) => isTable(kind));
  const [first] = tables;
  if (first !== undefined && isTable(first.kind) && kinds.every(({ kind }) => kind === first.kind)) {
    return FILE_READERS[first.kind](path, [...files], context);
  }
  if (first !== undefined) {
    throw new AppError(
      "unsupported_format",
      `${path} matches files of several formats; give one format at a time`,
      {
        details: { path },
      },
    );
  }
  if (kinds.some(({ kind }) => kind === "image")) {
    const folder = folderOf(path, files);
    return openImageFiles(path, folder, listed(folder, files), context);
  }
  const leftOut = createSkippedFiles();
  for (const { file, kind } of kinds) {
    if (kind === "other" || typeof kind === "object") leftOut.add(file, kind);
  }
  const [only] = kinds;
  if (kinds.length === 1 && typeof only?.kind === "object") {
    const { name, advice } = only.kind;
    throw refused(path, `${path} is a file of kind ${name}, which is not supported yet; ${advice}`);
  }
  const foreign = leftOut.foreignFiles();
  throw refused(
    path,
    foreign === undefined ? `${path} cannot be uploaded; give ${INPUT_HELP}` : `${path} matches ${foreign}`,
  );
}

async function openFolder(folder: string, context: InputContext): Promise<Input> {
  const saved = await findSavedDataset(folder);
  if (saved) return openSavedDataset(folder, saved, context);
  const found: Record<FileFormat, string[]> = { parquet: [], arrow: [], jsonl: [], csv: [] };
  const leftOut = createSkippedFiles();
  let images = false;
  for await (const file of walkFiles(folder)) {
    images ||= isImagePath(file.path);
    const format = METADATA_FILE.test(file.path) ? undefined : formatOfName(file.path);
    if (format) found[format].push(utf8Path(file));
    else if (!images) {
      // Names tell nothing so far: images may lie there without an ending.
      const kind = await fileKind(file.path, file.local);
      if (kind === "image") images = true;
      else leftOut.add(file.path, kind);
    }
  }
  // tables beside a few pictures are what is meant, but not text files beside images
  if (images && found.parquet.length + found.arrow.length === 0) return openImageFolder(folder, context);
  const shards = Object.entries(found).filter(([, files]) => files.length > 0) as [FileFormat, string[]][];
  const [first, second] = shards;
  if (first === undefined) {
    const foreign = leftOut.foreignFiles();
    const what =
      foreign === undefined ? `nothing that can be uploaded; give ${INPUT_HELP}` : `only ${foreign}`;
    throw refused(folder, `${folder} holds ${what}`);
  }
  if (second !== undefined) {
    throw refused(
      folder,
      `${folder} holds ${first[0]} and ${second[0]} files; name those to upload, for example ${join(folder, `*.${first[0]}`)}`,
    );
  }
  return FILE_READERS[first[0]](folder, first[1], context);
}

function refused(path: string, message: string): AppError {
  return new AppError("unsupported_format", message, { details: { path } });
}

async function* listed(folder: string, files: readonly string[]) {
  for (const file of files) yield { path: relative(folder, file), local: file };
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
      for await (const path of glob.scan({ cwd: root, onlyFiles: true })) {
        const parts = path.split("/");
        const left = parts.some((part, at) => isLeftover(part, at < parts.length - 1));
        if (!left) files.push(join(root, path));
      }
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

/** A table is known by its name or its first bytes, everything else by what it is. */
async function kindOf(path: string): Promise<FileFormat | FileKind> {
  if (isImagePath(path)) return "image";
  return formatOfName(path) ?? (await formatOfContent(path)) ?? fileKind(path, path);
}

function isTable(kind: FileFormat | FileKind): kind is FileFormat {
  return typeof kind === "string" && kind in FILE_READERS;
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
