import { AppError } from "../../errors.ts";
import type { EngineName } from "../../schema/engines.ts";
import type { TableResult } from "../../schema/query.ts";
import { formatBytes, formatCount, formatQuantity } from "../../util/format.ts";
import type { Flag } from "../arguments/command.ts";
import type { Terminal } from "./terminal.ts";

export const PRINT_FORMATS = ["table", "json", "ndjson", "csv"] as const;
export type PrintFormat = (typeof PRINT_FORMATS)[number];

/** The flag `--format` of commands that print rows. */
export const PRINT_FORMAT_FLAG = {
  type: "text",
  placeholder: "FORMAT",
  values: PRINT_FORMATS,
  description: "Rows as a table, one JSON document, JSON lines or CSV (default: table)",
} as const satisfies Flag;

/** The format selected by the flags; `--json` is `--format json`. Throws `usage` where they differ. */
export function chooseFormat(flag: string | undefined, json: boolean): PrintFormat {
  if (!json) return (flag as PrintFormat | undefined) ?? "table";
  if (flag === undefined || flag === "json") return "json";
  throw new AppError("usage", `--json and --format ${flag} contradict each other; give one of them`);
}

export interface PrintOptions {
  engine: EngineName;
  format: PrintFormat;
  /** Number of all hits, if the rows are only some of them. */
  matchCount?: number | undefined;
  /** The summary on stderr, if not the usual one. */
  describe?: ((rowCount: number) => string) | undefined;
}

/** Bytes that are buffered before output for programs starts: an early error leaves stdout empty. */
const HOLD_BYTES = 1024 * 1024;

/**
 * Prints the rows of a result on stdout as they are read, and for people on stderr how many there are and what they
 * cost. An error of the first megabyte leaves stdout empty. Gives the number of rows.
 */
export async function printRows(
  result: TableResult,
  { engine, format, matchCount, describe }: PrintOptions,
  terminal: Terminal,
): Promise<number> {
  if (format === "table") {
    const { layOutRows } = await import("./row-table.ts");
    const table = layOutRows(result.columns, result.batches, terminal.output.columns);
    for await (const text of table.lines) await terminal.output.write(text);
    const hidden = table.hidden();
    if (hidden.length > 0) {
      terminal.note(
        `too narrow for ${formatQuantity(hidden.length, "column")} (${hidden.join(", ")}); widen the terminal, or use --format json`,
      );
    }
    terminal.note(describe?.(table.rowCount()) ?? describeRows(table.rowCount(), result, matchCount));
    return table.rowCount();
  }
  const { loadEncoder } = await import("../../query/output/formats.ts");
  const { bufferStart } = await import("../../query/output/buffer-start.ts");
  const encode = await loadEncoder(format);
  let rowCount = 0;
  const batches = (async function* () {
    for await (const batch of result.batches) {
      rowCount += batch.numRows;
      yield batch;
    }
  })();
  const chunks = encode({ ...result, batches, engine, matchCount });
  for await (const chunk of await bufferStart(chunks, HOLD_BYTES)) await terminal.output.write(chunk);
  terminal.note(describe?.(rowCount) ?? describeRows(rowCount, result, matchCount));
  return rowCount;
}

/** `20 of 1,234 rows, 12 ms`, and what it cost where the engine tells. */
function describeRows(rowCount: number, { stats }: TableResult, matchCount = rowCount): string {
  const rows =
    matchCount > rowCount
      ? `${formatCount(rowCount)} of ${formatQuantity(matchCount, "row")}`
      : formatQuantity(rowCount, "row");
  const scanned = stats.scannedBytes === undefined ? "" : `, ${formatBytes(stats.scannedBytes)} read`;
  const cost = stats.costUsd === undefined ? "" : `, about $${stats.costUsd.toFixed(4)}`;
  return `${rows}, ${formatCount(stats.engineMs)} ms${scanned}${cost}`;
}
