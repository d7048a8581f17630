import { stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { openCsv } from "./csv-reader.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { openJsonLines } from "./jsonl-reader.ts";
import { openParquet } from "./parquet-reader.ts";
import { describeRelation } from "./relations.ts";
import { isImagePath, walkFiles } from "./walk.ts";

const METADATA = /^metadata\.(jsonl|csv|parquet)$/;
const STATS_AT_ONCE = 32;
/** Column of `rows()` with each image's path relative to the folder. */
const PATH_COLUMN = "__image_path";

/**
 * Opens a folder of images, with sub-folders. With metadata.{jsonl,csv,parquet} its rows are those of the metadata, each
 * naming its image by `file_name` relative to the metadata file (Hugging Face imagefolder); without, one row an image,
 * in the order of paths. Throws `invalid_input` for metadata in several formats or without `file_name`.
 */
export async function openImageFolder(folder: string, context: ReaderContext): Promise<Input> {
  const files = await listImages(folder, context);
  const metadata = files.metadata;
  const kinds = new Set(metadata.map((path) => extname(path)));
  if (kinds.size > 1) {
    throw new AppError(
      "invalid_input",
      `${folder} holds metadata as ${Array.from(kinds).join(" and ")}; keep one format`,
      { details: { path: folder, metadata } },
    );
  }
  const image: SourceColumn = {
    name: "image",
    type: "VARCHAR",
    embedded: { bytes: false, path: quoteName(PATH_COLUMN) },
  };
  const base = { format: "images" as const, path: folder, folder, sizeBytes: files.sizeBytes };
  const notices =
    files.others > 0 ? [`${files.others} files beside the images are no images and stay behind`] : [];
  const none = () => Promise.reject(new AppError("internal", "a folder of images has no embedded cells"));
  const embedded = () => ({ [Symbol.asyncIterator]: () => ({ next: none }) });
  if (metadata.length === 0) {
    const rows = `(SELECT ${quoteName(PATH_COLUMN)} FROM read_parquet(${quoteText(files.list)}))`;
    const facts = {
      fileCount: files.count,
      rowCount: files.count,
      columns: [image],
      features: {},
      notices,
    };
    return { ...base, ...facts, rows: async () => rows, embedded };
  }
  const described = await Promise.all(
    metadata.map(async (path, at) => {
      const scratch = join(context.scratch, `metadata-${at}`);
      return { path, input: await openMetadata(join(folder, path), { ...context, scratch }) };
    }),
  );
  const relation = await joinMetadata(described, context.signal);
  const columns = await describeRelation(context.database, relation);
  const rowCount = described.reduce((total, { input }) => total + input.rowCount, 0);
  const first = described[0]?.input;
  return {
    ...base,
    fileCount: files.count + metadata.length,
    rowCount,
    columns: [image, ...columns.filter(({ name }) => ![PATH_COLUMN, "__reject"].includes(name))],
    features: first?.features ?? {},
    rejects: "__reject",
    notices: [
      ...(files.count > rowCount
        ? [`${files.count - rowCount} images are not in the metadata and stay behind`]
        : []),
      ...notices,
    ],
    rows: async () => relation,
    embedded,
  };
}

async function openMetadata(path: string, context: ReaderContext): Promise<Input> {
  const folder = dirname(path);
  const input = path.endsWith(".parquet")
    ? await openParquet(path, folder, [{ path }], context)
    : path.endsWith(".csv")
      ? await openCsv([path], context)
      : await openJsonLines([path], context);
  if (input.columns.some(({ name, type }) => name === "file_name" && type === "VARCHAR")) return input;
  throw new AppError("invalid_input", `${path} has no text column file_name that names each image; add it`, {
    details: { path },
  });
}

async function joinMetadata(
  parts: readonly { path: string; input: Input }[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const selects = parts.map(async ({ path, input }) => {
    const below = dirname(path) === "." ? "" : `${dirname(path)}/`;
    const names = input.columns.map(({ name }) => name).filter((name) => name !== "file_name");
    return `SELECT ${names.map((name) => `${quoteName(name)}, `).join("")}
      CAST(${input.rejects ?? "NULL"} AS VARCHAR) AS __reject,
      ${quoteText(below)} || file_name AS ${quoteName(PATH_COLUMN)} FROM ${await input.rows(signal)}`;
  });
  return `(${(await Promise.all(selects)).join(" UNION ALL BY NAME ")})`;
}

/** Writes the list of images to scratch, so that a folder of millions is not held in memory. */
async function listImages(folder: string, context: ReaderContext) {
  const { database, scratch, signal } = context;
  const metadata: string[] = [];
  let count = 0;
  let sizeBytes = 0;
  let others = 0;
  const list = join(scratch, "images.parquet");
  const table = `images_${crypto.randomUUID().replaceAll("-", "")}`;
  await database.run(`CREATE TEMP TABLE ${table} (path VARCHAR)`);
  const appender = await database.connection.createAppender(table, "main", "temp");
  const flush = async (paths: string[]) => {
    signal?.throwIfAborted();
    const sizes = await mapConcurrent(paths, STATS_AT_ONCE, (path) => fileSize(join(folder, path)));
    for (const [at, path] of paths.entries()) {
      appender.appendVarchar(path);
      appender.endRow();
      count++;
      sizeBytes += sizes[at] ?? 0;
    }
  };
  let some: string[] = [];
  for await (const path of walkFiles(folder)) {
    if (METADATA.test(basename(path))) metadata.push(path);
    else if (isImagePath(path)) some.push(path);
    else others++;
    if (some.length < 1024) continue;
    await flush(some);
    some = [];
  }
  await flush(some);
  appender.closeSync();
  await database.run(
    `COPY (SELECT path AS ${quoteName(PATH_COLUMN)} FROM ${table}) TO ${quoteText(list)} (FORMAT parquet)`,
  );
  await database.run(`DROP TABLE ${table}`);
  return { metadata, count, sizeBytes, list, others };
}

/** Zero for a dangling link: its row says so later. */
async function fileSize(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
