import { extname } from "node:path";
import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatQuantity } from "../util/format.ts";
import { splitNotices } from "./collection/split-folders.ts";
import { countNamed, imageColumn, type NamingColumn, namingColumns } from "./folder-columns.ts";
import { openMetadata } from "./folder-metadata.ts";
import { IMAGE_PATH_COLUMN, type ImageList, listImages } from "./image-list.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { pagedTiffNotices } from "./paged-tiffs.ts";
import { createSkippedFiles } from "./skipped-files.ts";
import { type WalkedFile, walkFiles } from "./walk.ts";

/**
 * Opens a folder of images, with sub-folders. With metadata.{jsonl,csv,parquet} its rows are those of the metadata, each
 * naming its images by `file_name`, `*_file_name` and `*_file_names` (Hugging Face imagefolder); without, one row an image,
 * in the order of paths. Throws `invalid_input` for metadata in several formats or without these.
 */
export async function openImageFolder(folder: string, context: ReaderContext): Promise<Input> {
  const leftOut = createSkippedFiles();
  const list = await listImages(
    walkFiles(folder, (path) => leftOut.addFolder(path)),
    leftOut,
    context,
  );
  return openListedFolder(folder, folder, list, leftOut.notices(), context);
}

/** As `openImageFolder`, of files that are listed already; `path` is for messages. */
export async function openListedFolder(
  path: string,
  folder: string,
  list: ImageList,
  notices: readonly string[],
  context: ReaderContext,
): Promise<Input> {
  const { metadata } = list;
  const kinds = new Set(metadata.map(({ path }) => extname(path)));
  if (kinds.size > 1) {
    throw new AppError(
      "invalid_input",
      `${path} holds metadata as ${Array.from(kinds).join(" and ")}; keep one format`,
      { details: { path, metadata: metadata.map(({ path }) => path) } },
    );
  }
  if (metadata.length === 0) return unsplitImages(path, folder, list, notices, context);
  const read = await openMetadata(metadata, context);
  const images = namingColumns(path, read.columns);
  const own = new Set(images.flatMap(({ from, image }) => [from, image]));
  const columnsOf = (columns: readonly SourceColumn[]) => [
    ...images.map(imageColumn),
    ...columns.filter(({ name }) => !own.has(name)),
  ];
  const named = await countImages(context, await read.rows(context.signal), images, read.rowCount);
  return {
    ...listedImages(path, folder, list, []),
    fileCount: list.count + metadata.length,
    rowCount: read.rowCount,
    columns: columnsOf(read.columns),
    features: read.features,
    rejects: "__reject",
    notices: [
      ...read.notices,
      ...(list.count > named
        ? [`left out: ${formatQuantity(list.count - named, "image")} that the metadata does not name`]
        : []),
      ...notices,
      ...(await pagedTiffNotices(list.tiffs)),
    ],
    rows: read.rows,
    asWritten: (names) => {
      const written = read.asWritten?.(names);
      return written && { ...written, columns: columnsOf(written.columns) };
    },
  };
}

/** Opens images that are named one by one, relative to `folder`: one row each, in their order. `path` is for messages. */
export async function openImageFiles(
  path: string,
  folder: string,
  files: AsyncIterable<WalkedFile>,
  context: ReaderContext,
): Promise<Input> {
  const leftOut = createSkippedFiles();
  const list = await listImages(files, leftOut, context);
  return unsplitImages(path, folder, list, leftOut.notices(), context);
}

/** Images alone: only their folders may say which split they are of. */
async function unsplitImages(
  path: string,
  folder: string,
  list: ImageList,
  notices: readonly string[],
  { database }: ReaderContext,
): Promise<Input> {
  const paths = `SELECT ${quoteName(IMAGE_PATH_COLUMN)} AS path FROM read_parquet(${quoteText(list.file)})`;
  const unsplit = await splitNotices(paths, { database });
  const told = [...unsplit, ...notices, ...(await pagedTiffNotices(list.tiffs))];
  return listedImages(path, folder, list, told);
}

const IMAGE: SourceColumn = {
  name: "image",
  type: "VARCHAR",
  embedded: { bytes: false, path: quoteName(IMAGE_PATH_COLUMN) },
};

/** Images without anything beside them. */
function listedImages(path: string, folder: string, list: ImageList, notices: readonly string[]): Input {
  const none = () => Promise.reject(new AppError("internal", "a list of images has no embedded cells"));
  const rows = `(SELECT ${quoteName(IMAGE_PATH_COLUMN)} FROM read_parquet(${quoteText(list.file)}))`;
  return {
    format: "images",
    path,
    folder,
    sizeBytes: list.sizeBytes,
    fileCount: list.count,
    rowCount: list.count,
    columns: [IMAGE],
    features: {},
    notices,
    rows: async () => rows,
    embedded: () => ({ [Symbol.asyncIterator]: () => ({ next: none }) }),
  };
}

/** How many images the metadata names; of one image a row, that is how many rows there are. */
async function countImages(
  { database }: ReaderContext,
  relation: string,
  images: readonly NamingColumn[],
  rowCount: number,
): Promise<number> {
  if (images.length === 1 && images[0]?.list === false) return rowCount;
  const [row] = await database.rows<{ count: bigint | number }>(countNamed(relation, images));
  return Number(row?.count ?? 0);
}
