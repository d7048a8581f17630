import { dirname, extname, join } from "node:path";
import { AppError } from "../errors.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { openCsv } from "./csv-reader.ts";
import { sameLabels } from "./features.ts";
import { type NamingColumn, namingColumns, pathsBelow } from "./folder-columns.ts";
import type { Input, ReaderContext, SourceColumn } from "./input.ts";
import { openJsonLines } from "./jsonl-reader.ts";
import { openParquet } from "./parquet-reader.ts";
import { describeRelation } from "./relations.ts";
import { checkSameTypes } from "./same-types.ts";
import { utf8Path, type WalkedFile } from "./walk.ts";

/** Metadata of one or more folders as one table, whose rows name images from the uppermost folder on. */
export interface FolderMetadata
  extends Pick<Input, "rowCount" | "features" | "notices" | "rows" | "asWritten"> {
  /** Those of the files, the naming ones among them. */
  columns: readonly SourceColumn[];
}

/** The folder that the names of a row start at, with its slash. */
const BELOW = "@below";

/**
 * Opens metadata files, all of one format (by their ending). Rows have a column `__reject` and the paths of images. Throws
 * what the readers do, and `invalid_input` for a file that names no image.
 */
export async function openMetadata(
  files: readonly WalkedFile[],
  context: ReaderContext,
): Promise<FolderMetadata> {
  return extname(files[0]?.path ?? "") === ".parquet"
    ? openParquetFiles(files, context)
    : openTexts(files, context);
}

/** The types of text are those of all files together. */
async function openTexts(files: readonly WalkedFile[], context: ReaderContext): Promise<FolderMetadata> {
  const paths = files.map(utf8Path);
  const open = paths[0]?.endsWith(".csv") ? openCsv : openJsonLines;
  const input = await open(paths, { ...context, scratch: join(context.scratch, "metadata") });
  const naming = requireNaming(paths[0] ?? "", input.columns);
  const rowsOf = files.map(({ path }, at) => {
    const rows = input.fileRows?.[at] ?? 0;
    return `SELECT ${quoteText(folderOf(path))} AS ${quoteName(BELOW)}, ${at} AS "@file" FROM range(${rows})`;
  });
  const placed = (rows: string) => `${rows} POSITIONAL JOIN (${rowsOf.join(" UNION ALL ")})`;
  await requireNames(paths, naming, placed(await input.rows(context.signal)), context);
  const below = (rows: string) => `(${selectBelow(input, naming, quoteName(BELOW))} FROM ${placed(rows)})`;
  return {
    ...input,
    rows: async (signal) => below(await input.rows(signal)),
    asWritten: (names) => {
      const written = input.asWritten?.(names);
      return (
        written && { columns: written.columns, rows: async (signal) => below(await written.rows(signal)) }
      );
    },
  };
}

/** A file without a naming column would give rows without images. */
async function requireNames(
  paths: readonly string[],
  naming: readonly NamingColumn[],
  rows: string,
  { database }: ReaderContext,
): Promise<void> {
  if (paths.length === 1) return;
  const hasNone = naming.map(({ from }) => `count(${quoteName(from)}) = 0`).join(" AND ");
  const [unnamed] = await database.rows<{ file: number }>(
    `SELECT "@file" AS file FROM ${rows} GROUP BY file HAVING ${hasNone} ORDER BY file LIMIT 1`,
  );
  if (unnamed !== undefined) throw namesNothing(paths[Number(unnamed.file)] ?? "");
}

/** Parquet files know their types: those of a column meet exactly, or are refused. */
async function openParquetFiles(
  files: readonly WalkedFile[],
  context: ReaderContext,
): Promise<FolderMetadata> {
  const parts = await Promise.all(
    files.map(async (file, at) => {
      const path = utf8Path(file);
      const scratch = join(context.scratch, `metadata-${at}`);
      const input = await openParquet(path, dirname(path), [{ path }], { ...context, scratch });
      const select = selectBelow(input, requireNaming(path, input.columns), quoteText(folderOf(file.path)));
      return { path, input, select };
    }),
  );
  const rows = async (signal?: AbortSignal) => {
    const selects = parts.map(async ({ input, select }) => `${select} FROM ${await input.rows(signal)}`);
    return `(${(await Promise.all(selects)).join(" UNION ALL BY NAME ")})`;
  };
  const described = await describeRelation(context.database, await rows(context.signal));
  const typed = parts.map(({ path, input }) => ({
    path,
    columns: input.columns.map(({ name, type, isOpen }) => ({ name, type: isOpen ? "NULL" : type })),
  }));
  checkSameTypes(typed, described);
  return {
    columns: joinColumns(
      parts.flatMap(({ input }) => input.columns),
      described,
    ),
    rowCount: parts.reduce((total, { input }) => total + input.rowCount, 0),
    features: sameLabels(parts.map(({ path, input }) => ({ path, features: input.features }))),
    notices: [...new Set(parts.flatMap(({ input }) => input.notices))],
    rows,
  };
}

/** Columns of several files, with the types of their union; one is open where it is in all of them. */
function joinColumns(all: readonly SourceColumn[], described: readonly SourceColumn[]): SourceColumn[] {
  const types = new Map(described.map(({ name, type }) => [name, type]));
  const settled = new Map(all.filter(({ isOpen }) => !isOpen).map((column) => [column.name, column]));
  const columns = new Map(all.map((column) => [column.name, settled.get(column.name) ?? column]));
  return Array.from(columns.values(), (column) =>
    column.isOpen ? column : { ...column, type: types.get(column.name) ?? column.type },
  );
}

function requireNaming(path: string, columns: readonly SourceColumn[]): NamingColumn[] {
  const naming = namingColumns(path, columns);
  if (naming.length > 0) return naming;
  throw namesNothing(path);
}

function namesNothing(path: string): AppError {
  return new AppError("invalid_input", `${path} has no text column file_name that names each image; add it`, {
    details: { path },
  });
}

function folderOf(path: string): string {
  return dirname(path) === "." ? "" : `${dirname(path)}/`;
}

/** SELECT of an input's columns and rejects, with paths below a folder (SQL) in the place of names. */
function selectBelow(input: Input, naming: readonly NamingColumn[], below: string): string {
  const sources = naming.map(({ from }) => from);
  const names = input.columns.map(({ name }) => name).filter((name) => !sources.includes(name));
  return `SELECT ${names.map((name) => `${quoteName(name)}, `).join("")}
    CAST(${input.rejects ?? "NULL"} AS VARCHAR) AS __reject,
    ${naming.map((column) => pathsBelow(column, below)).join(", ")}`;
}
