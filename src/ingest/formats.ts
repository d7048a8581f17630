import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { AppError } from "../errors.ts";
import type { ForeignFormat } from "../images/foreign.ts";
import { isMissing } from "../lake/files.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import type { Given } from "./collection/found-files.ts";
import { areLabelFiles } from "./collection/labels.ts";
import { openCollection } from "./collection/open-collection.ts";
import { type FileKind, fileKind, isImagePath } from "./file-kinds.ts";
import { openImageFiles } from "./image-folder.ts";
import type { Input, InputContext } from "./input.ts";
import { isLeftover } from "./leftovers.ts";
import { findSpelled } from "./local-paths.ts";
import { openFolder } from "./open-folder.ts";
import { INPUT_HELP, refused } from "./refusals.ts";
import { type NamedPath, withoutRepeated } from "./repeated-paths.ts";
import { createSkippedFiles } from "./skipped-files.ts";
import {
  commonFolder,
  folderOf,
  isTableFormat,
  openTables,
  type TableFormat,
  tableOfContent,
  tableOfName,
} from "./table-readers.ts";
import { isZipName } from "./zip/zip-parts.ts";

const FILES_AT_ONCE = 32;

/**
 * Opens all that `paths` name as one input: files, folders and globs. Throws `not_found` when nothing is there,
 * `unsupported_format` when it is nothing that can be read, `invalid_input` when it is damaged.
 */
export async function openInputs(paths: readonly string[], context: InputContext): Promise<Input> {
  const { named, notices } = withoutRepeated(await Promise.all(paths.map((path) => find(resolve(path)))));
  const input = await openNamed(named, context);
  return notices.length === 0 ? input : { ...input, notices: [...notices, ...input.notices] };
}

async function openNamed(named: readonly NamedPath[], context: InputContext): Promise<Input> {
  const [first, ...more] = named;
  if (first === undefined) throw new AppError("usage", `nothing to upload was named; give ${INPUT_HELP}`);
  if (more.length === 0 && first.isFolder) return openFolder(first.path, context);
  const path = more.length === 0 ? first.path : `${first.path} and ${more.length} more`;
  const files = named.flatMap((one) => one.files);
  if (!named.some((one) => one.isFolder)) return openFiles(path, files, context);
  // As they stand beside each other.
  const folder = commonFolder(files.map((file) => join(file, "x")));
  const given = named.flatMap((one) => one.files.map((file) => ({ file, isFolder: one.isFolder })));
  return openCollection(
    given.map(({ file, isFolder }) => ({ path: relative(folder, file), local: file, isFolder })),
    { path, folder },
    context,
  );
}

async function find(given: string): Promise<NamedPath> {
  const facts = (path: string) =>
    stat(path).catch((error) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
  const there = await facts(given);
  if (there) return { path: given, isFolder: there.isDirectory(), files: [given] };
  const path = await findSpelled(given);
  if (path === undefined) return { path: given, isFolder: false, files: await expandGlob(given) };
  return { path, isFolder: (await facts(path))?.isDirectory() ?? false, files: [path] };
}

async function openFiles(path: string, files: readonly string[], context: InputContext): Promise<Input> {
  const kinds = await mapConcurrent(files, FILES_AT_ONCE, async (file) => ({
    file,
    kind: await kindOf(file),
  }));
  if (context.packed === true && (kinds.length > 1 || !kinds.every(({ kind }) => isForeign(kind, "ZIP"))))
    throw refused(path, `${path} is no zip, as what is packed must be`);
  const folder = folderOf(path, files);
  const asCollection = () => {
    const given = kinds.map(
      ({ file, kind }): Given => ({
        path: relative(folder, file),
        local: file,
        isFolder: false,
        isZip: isForeign(kind, "ZIP"),
      }),
    );
    return openCollection(given, { path, folder }, context);
  };
  const tables = kinds.filter(({ kind }) => isTableFormat(kind));
  const isJson = (file: string) => /\.json$/i.test(file);
  const hasImages = kinds.some(({ kind }) => kind === "image");
  if (
    kinds.some(({ kind }) => isForeign(kind, "ZIP")) ||
    kinds.some(({ kind }) => isForeign(kind, "PDF")) ||
    (hasImages && tables.length > 0 && tables.every(({ file }) => isJson(file))) ||
    (files.length > 1 && files.every(isJson) && (await areLabelFiles(files, context))) ||
    context.splitFromFolder === true ||
    context.splitPages === true
  ) {
    return asCollection();
  }
  const [first] = tables;
  if (first !== undefined && isTableFormat(first.kind) && kinds.every(({ kind }) => kind === first.kind)) {
    return openTables(first.kind, path, [...files], context);
  }
  if (first !== undefined) {
    throw refused(path, `${path} matches files of several formats; give one format at a time`);
  }
  if (hasImages) return openImageFiles(path, folder, listed(folder, files), context);
  throw refuseForeign(path, kinds);
}

/** Files that nothing reads. */
function refuseForeign(
  path: string,
  kinds: readonly { file: string; kind: TableFormat | FileKind }[],
): AppError {
  const leftOut = createSkippedFiles();
  for (const { file, kind } of kinds) {
    if (kind === "other" || typeof kind === "object") leftOut.add(file, kind);
  }
  const [only] = kinds;
  if (kinds.length === 1 && typeof only?.kind === "object") {
    const { name, advice } = only.kind;
    return refused(path, `${path} is a file of kind ${name}, which is not supported yet; ${advice}`);
  }
  const foreign = leftOut.foreignFiles();
  if (foreign !== undefined) return refused(path, `${path} matches ${foreign}`);
  const message = `${path} cannot be uploaded; give ${INPUT_HELP}`;
  return new AppError("unsupported_format", message, { details: { path, unknown: true } });
}

function isForeign(kind: TableFormat | FileKind, name: ForeignFormat["name"]): boolean {
  return typeof kind === "object" && kind.name === name;
}

async function* listed(folder: string, files: readonly string[]) {
  for (const file of files) yield { path: relative(folder, file), local: file };
}

async function expandGlob(pattern: string): Promise<string[]> {
  const files: string[] = [];
  if (/[*?[{]/.test(pattern)) {
    const above = pattern.slice(0, pattern.slice(0, pattern.search(/[*?[{]/)).lastIndexOf("/") + 1);
    const root = (await findSpelled(above)) ?? above;
    const exists = await readdir(root).then(
      () => true,
      () => false,
    );
    const below = pattern.slice(above.length);
    const matched = new Set<string>();
    // Names are matched as they are on the disk, composed or not.
    for (const spelling of new Set([below, below.normalize("NFC"), below.normalize("NFD")])) {
      const glob = new Bun.Glob(spelling);
      if (exists) for await (const path of glob.scan({ cwd: root, onlyFiles: true })) matched.add(path);
    }
    for (const path of matched) {
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

/** A table is known by its name or its first bytes, everything else by what it is. */
async function kindOf(path: string): Promise<TableFormat | FileKind> {
  if (isImagePath(path)) return "image";
  const table = tableOfName(path);
  if (table !== undefined) return table;
  if (isZipName(path)) return ZIP;
  return (await tableOfContent(path)) ?? fileKind(path, path);
}

const ZIP: ForeignFormat = { name: "ZIP", advice: "", endings: [] };
