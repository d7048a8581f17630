import { readFile, stat } from "node:fs/promises";
import { quoteName } from "../../query/sql.ts";
import { formatCount } from "../../util/format.ts";
import { EntryProblem, type Input, type InputContext, type InputEntry } from "../input.ts";
import type { LocalPath } from "../legacy-names.ts";
import { findLocalFile } from "../local-paths.ts";
import type { CollectionPlace, FoundFiles } from "./found-files.ts";
import { isOneObject, MAX_LABEL_BYTES } from "./label-text.ts";
import { LABEL_COLUMN, labelledRows, writeList } from "./page-rows.ts";
import { labelStemPath } from "./pairing.ts";
import { splitColumn, splitNotices, splitOfPath } from "./split-folders.ts";
import { summarize } from "./summary.ts";

/** Files that are looked into. */
const SAMPLE = 20;

/**
 * Whether JSON files are labels, one a page, and no tables: each holds one object. Some are looked at, from all over.
 */
export async function areLabels(
  found: FoundFiles,
  { folder }: CollectionPlace,
  { database, text }: InputContext,
): Promise<boolean> {
  if (found.count("json") === 0) return false;
  const rows = await database.rows<{ path: string }>(
    `SELECT path FROM (SELECT path, row_number() OVER (ORDER BY path) AS place FROM ${quoteName(found.table)}
     WHERE kind = 'json') WHERE (place - 1) % ${Math.ceil(found.count("json") / SAMPLE)} = 0`,
  );
  for (const { path } of rows) {
    const entry = found.archives.find(path);
    const local = entry === undefined ? (await findLocalFile(path, [folder]))?.path : undefined;
    if (entry === undefined && local === undefined) return false;
    const bytes = await (entry ? readSmallEntry(entry) : readSmallFile(local as LocalPath));
    if (bytes === undefined || !isOneObject(bytes, text?.encoding)) return false;
  }
  return true;
}

/** As `areLabels`, of local files. */
export async function areLabelFiles(files: readonly LocalPath[], { text }: InputContext): Promise<boolean> {
  const step = Math.ceil(files.length / SAMPLE);
  for (let at = 0; at < files.length; at += step) {
    const bytes = await readSmallFile(files[at] ?? "");
    if (bytes === undefined || !isOneObject(bytes, text?.encoding)) return false;
  }
  return files.length > 0;
}

/** Undefined for what is too long for a label. */
async function readSmallFile(path: LocalPath): Promise<Uint8Array | undefined> {
  return (await stat(path)).size > MAX_LABEL_BYTES ? undefined : readFile(path);
}

/** Undefined for what is too long for a label, or cannot be read. */
async function readSmallEntry(entry: InputEntry): Promise<Uint8Array | undefined> {
  if (entry.sizeBytes > MAX_LABEL_BYTES) return undefined;
  return entry.bytes().catch((error) => {
    if (error instanceof EntryProblem) return undefined;
    throw error;
  });
}

/**
 * Labels without pages: each finds the page of its name in the dataset, by `source_stem`. Of one in a folder of a split that
 * is its path, for the page must be of the same split; also of several of one name, whose folders say which is which.
 */
export async function openLabels(
  found: FoundFiles,
  { path, folder }: CollectionPlace,
  context: InputContext,
): Promise<Input> {
  const split = await splitColumn(found, path, context);
  const columns = [{ name: "source_stem", type: "VARCHAR" }, ...split.columns];
  const stem = labelStemPath("path");
  const name = `string_split(${stem}, '/')[-1]`;
  const isOne = `${splitOfPath("path")} IS NULL AND count(*) OVER (PARTITION BY ${name}) = 1`;
  const select = `SELECT CASE WHEN ${isOne} THEN ${name} ELSE ${stem} END AS source_stem,
    ${split.select} path AS label, NULL::VARCHAR AS __reject
    FROM ${quoteName(found.table)} WHERE kind = 'json' ORDER BY given, string_split(path, '/')`;
  const list = await writeList(select, context);
  const labels = found.count("json");
  const unsplit = await splitNotices(
    `SELECT path FROM ${quoteName(found.table)} WHERE kind = 'json'`,
    context,
  );
  return {
    format: "collection",
    path,
    folder,
    sizeBytes: found.sizeBytes,
    fileCount: found.fileCount,
    rowCount: labels,
    columns: [...columns, LABEL_COLUMN],
    features: {},
    rejects: quoteName("__reject"),
    summary: summarize({ labels }),
    notices: [
      `${labels === 1 ? "the JSON file is" : `the ${formatCount(labels)} JSON files are`} taken as labels of one page each, found by name; to read them as rows of a table, join them to one .jsonl file`,
      ...unsplit,
      ...found.leftOut.notices(),
    ],
    rows: labelledRows({ select: `SELECT * FROM ${list}`, columns }, { found, folder }, context),
    names: async () => list,
    async *embedded() {},
    openEntry: (entry) => found.archives.find(entry),
  };
}
