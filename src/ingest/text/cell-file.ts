import { open } from "node:fs/promises";
import { quoteName, quoteText } from "../../query/sql.ts";

/**
 * A scratch file of text cells that DuckDB reads without guessing: one record a line. Each begins with the reason why it
 * is rejected, empty where it is fine. An empty cell is NULL.
 */
export interface CellFile {
  /** Adds a record that is complete but for its line end. */
  add(record: string): void;
  /** Writes what has gathered; call it between batches. */
  flush(): Promise<void>;
  close(): Promise<void>;
  readonly rowCount: number;
}

const FLUSH_CHARS = 4 << 20;

export interface CellFileFacts {
  path: string;
  /** Of the longest record. */
  longestBytes: number;
}

/** Makes the file at `path`. */
export async function createCellFile(path: string): Promise<CellFile & { facts(): CellFileFacts }> {
  const handle = await open(path, "w");
  let parts: string[] = [];
  let chars = 0;
  let longestBytes = 0;
  let rowCount = 0;
  const flush = async () => {
    const text = parts.join("");
    parts = [];
    chars = 0;
    if (text !== "") await handle.writeFile(text);
  };
  return {
    add(record) {
      parts.push(record, "\n");
      chars += record.length;
      if (record.length * MAX_BYTES_PER_CHAR > longestBytes) {
        longestBytes = Math.max(longestBytes, Buffer.byteLength(record));
      }
      rowCount++;
    },
    flush: async () => {
      if (chars >= FLUSH_CHARS) await flush();
    },
    close: async () => {
      try {
        await flush();
      } finally {
        await handle.close();
      }
    },
    get rowCount() {
      return rowCount;
    },
    facts: () => ({ path, longestBytes }),
  };
}

/** How cells are set apart in a file. */
export interface CellFormat {
  delimiter: string;
  /** Empty where no cell needs quotes. */
  quote: string;
  /** Cells hold line ends. */
  hasLineEnds: boolean;
}

/** Of the column with the reasons; cells are `c0`, `c1`... */
export const REASON = "reason";

/** Several long lines at once would only take memory. */
const MIN_BUFFER = 8 << 20;
const MAX_BYTES_PER_CHAR = 3;

/** A relation over a cell file: `reason`, then so many columns `c0`... of text; short records are filled with NULL. */
export function readCells(
  { path, longestBytes }: CellFileFacts,
  columns: number,
  format: CellFormat,
): string {
  const names = [REASON, ...Array.from({ length: columns }, (_, at) => `c${at}`)];
  const types = names.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(", ");
  const line = longestBytes + 16;
  const isParallel = !format.hasLineEnds && 2 * line <= MIN_BUFFER;
  return `read_csv(${quoteText(path)}, auto_detect = false, header = false, delim = ${quoteText(format.delimiter)},
    quote = ${quoteText(format.quote)}, escape = ${quoteText(format.quote)}, comment = '', nullstr = '', null_padding = true,
    new_line = '\\n', parallel = ${isParallel}, columns = {${types}},
    max_line_size = ${line}, buffer_size = ${Math.max(MIN_BUFFER, 2 * line)})`;
}

/** A name for the column of reasons that none of the input's columns has, whatever its case. */
export function freeName(names: readonly string[]): string {
  const taken = new Set(names.map((name) => name.toLowerCase()));
  let name = "__reject";
  while (taken.has(name)) name += "_";
  return name;
}

export function cellName(at: number): string {
  return quoteName(`c${at}`);
}
