import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { quoteName, quoteText } from "../../query/sql.ts";
import type { Features } from "../../schema/columns.ts";
import type { Input, SourceColumn } from "../input.ts";

export interface TextInputParts {
  format: Input["format"];
  files: readonly string[];
  /** The Parquet file of their rows. */
  rows: string;
  /** Of each file. */
  fileRows: readonly number[];
  columns: readonly SourceColumn[];
  /** The column of `rows` that says why one is rejected. */
  reject: string;
  notices: Iterable<string>;
  features?: Features;
  /** The Parquet file of their cells as they are written, row for row, and the name of a column there. */
  written?: { cells: string; cellOf: (name: string) => string };
}

/** Text files that were read into one Parquet file, as an input. */
export async function textInput(parts: TextInputParts): Promise<Input> {
  const { format, files, rows, fileRows, columns, reject, notices, written, features = {} } = parts;
  const [first = ""] = files;
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const relation = `read_parquet(${quoteText(rows)})`;
  return {
    format,
    path: first,
    folder: dirname(first),
    sizeBytes: sizes.reduce((total, size) => total + size, 0),
    fileCount: files.length,
    rowCount: fileRows.reduce((total, count) => total + count, 0),
    fileRows,
    columns: [...columns],
    features,
    rejects: quoteName(reject),
    notices: [...new Set(notices)],
    rows: async () => relation,
    ...(written && { asWritten: (names) => asWritten(relation, columns, names, written) }),
    async *embedded() {},
  };
}

/** Columns with a type of their own get their cells in its place. */
function asWritten(
  relation: string,
  columns: readonly SourceColumn[],
  names: readonly string[],
  { cells, cellOf }: NonNullable<TextInputParts["written"]>,
): Pick<Input, "columns" | "rows"> | undefined {
  const isMeant = ({ name, type }: SourceColumn) =>
    names.includes(name) && type !== "VARCHAR" && type !== "NULL";
  const meant = columns.filter(isMeant);
  if (meant.length === 0) return undefined;
  const cell = ({ name }: SourceColumn) => `"@cells".${cellOf(name)}`;
  const replaced = meant.map((column) => `${cell(column)} AS ${quoteName(column.name)}`);
  const rows = `(SELECT "@rows".* REPLACE (${replaced.join(", ")}) FROM ${relation} AS "@rows"
    POSITIONAL JOIN (SELECT ${meant.map(({ name }) => cellOf(name)).join(", ")}
      FROM read_parquet(${quoteText(cells)})) AS "@cells")`;
  return {
    columns: columns.map((column) => (isMeant(column) ? { name: column.name, type: "VARCHAR" } : column)),
    rows: async () => rows,
  };
}
