import { join } from "node:path";
import { areLabelFiles } from "./collection/labels.ts";
import { openCollection } from "./collection/open-collection.ts";
import { fileKind, isImagePath, isPdfName } from "./file-kinds.ts";
import { openImageFolder } from "./image-folder.ts";
import type { Input, InputContext } from "./input.ts";
import { INPUT_HELP, refused } from "./refusals.ts";
import { findSavedDataset, openSavedDataset } from "./saved-dataset.ts";
import { createSkippedFiles, type SkippedFiles } from "./skipped-files.ts";
import { METADATA_FILE, openTables, type TableFormat, tableOfName } from "./table-readers.ts";
import { utf8Path, type WalkedFile, walkFiles } from "./walk.ts";
import { isZipName } from "./zip/zip-parts.ts";

/**
 * Opens a folder by what is in it: what `datasets` saved, tables of one format, images, or a collection of these with
 * zips, documents and labels. Throws as `openInputs` does.
 */
export async function openFolder(folder: string, context: InputContext): Promise<Input> {
  const saved = await findSavedDataset(folder);
  if (saved) return openSavedDataset(folder, saved, context);
  const { tables, images, json, others, leftOut } = await lookThrough(folder);
  const asCollection = () =>
    openCollection([{ path: "", local: folder, isFolder: true }], { path: folder, folder }, context);
  if (context.splitFromFolder === true || context.splitPages === true) return asCollection();
  // tables beside a few pictures are what is meant, but not text files beside images
  if (tables.parquet.length + tables.arrow.length === 0) {
    if (others.count > 0 || (images && json > 0)) return asCollection();
    if (images) return openImageFolder(folder, context);
  }
  const shards = Object.entries(tables).filter(([, files]) => files.length > 0) as [
    TableFormat,
    WalkedFile[],
  ][];
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
  const [format, files] = first;
  const paths = files.map(({ local }) => local);
  if (json === files.length && (await areLabelFiles(paths, context))) return asCollection();
  const input = await openTables(format, folder, files.map(utf8Path), context);
  if (others.count === 0) return input;
  const what = others.count === 1 ? "file beside the tables is" : "files beside the tables are";
  const notice = `${others.count} ${what} left out: ${others.first}${others.count > 1 ? "..." : ""}`;
  return { ...input, notices: [...input.notices, notice] };
}

interface Contents {
  tables: Record<TableFormat, WalkedFile[]>;
  images: boolean;
  /** Files with the ending .json. */
  json: number;
  /** Zips and documents. */
  others: { count: number; first: string };
  leftOut: SkippedFiles;
}

async function lookThrough(folder: string): Promise<Contents> {
  const tables: Contents["tables"] = { parquet: [], arrow: [], jsonl: [], csv: [] };
  const leftOut = createSkippedFiles();
  let images = false;
  const others = { count: 0, first: "" };
  const addOther = (path: string) => {
    if (others.count++ === 0) others.first = path;
  };
  let json = 0;
  for await (const file of walkFiles(folder)) {
    images ||= isImagePath(file.path);
    const isOther = isZipName(file.path) || isPdfName(file.path);
    if (isOther) addOther(file.path);
    const format = METADATA_FILE.test(file.path) ? undefined : tableOfName(file.path);
    if (/\.json$/i.test(file.path)) json++;
    if (format) tables[format].push(file);
    else if (!images && !isOther) {
      // Names tell nothing so far: images may lie there without an ending.
      const kind = await fileKind(file.path, file.local);
      if (kind === "image") images = true;
      else leftOut.add(file.path, kind);
      if (typeof kind === "object" && kind.name === "PDF") addOther(file.path);
    }
  }
  return { tables, images, json, others, leftOut };
}
