import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { quoteName, quoteText } from "../../query/sql.ts";
import type { Input, SourceColumn } from "../input.ts";

export interface TextInputParts {
  format: Input["format"];
  files: readonly string[];
  /** The Parquet file of their rows. */
  rows: string;
  rowCount: number;
  columns: readonly SourceColumn[];
  /** The column of `rows` that says why one is rejected. */
  reject: string;
  notices: Iterable<string>;
}

/** Text files that were read into one Parquet file, as an input. */
export async function textInput(parts: TextInputParts): Promise<Input> {
  const { format, files, rows, rowCount, columns, reject, notices } = parts;
  const [first = ""] = files;
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  const relation = `read_parquet(${quoteText(rows)})`;
  return {
    format,
    path: first,
    folder: dirname(first),
    sizeBytes: sizes.reduce((total, size) => total + size, 0),
    fileCount: files.length,
    rowCount,
    columns: [...columns],
    features: {},
    rejects: quoteName(reject),
    notices: [...new Set(notices)],
    rows: async () => relation,
    async *embedded() {},
  };
}
