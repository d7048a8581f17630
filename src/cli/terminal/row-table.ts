import type { RecordBatch } from "apache-arrow";
import type { Column } from "../../schema/columns.ts";
import { cutCell, oneLine, padCell } from "./table.ts";

/** Rows that determine column widths; later ones are streamed. */
const MEASURED_ROWS = 200;
/** Longer texts are truncated where another column needs the space. */
const MIN_WIDTH = 8;
/** Maximum column width where the line has no limit, so that files stay readable. */
const MAX_WIDTH = 80;
const GAP = "  ";

export interface RowTable {
  /** Lines with their breaks, piece by piece as rows are read. */
  lines: AsyncIterable<string>;
  /** Complete when the lines have been read. */
  rowCount(): number;
  /** Names of columns that did not fit. */
  hidden(): readonly string[];
}

/**
 * Rows as an aligned table under the names of their columns: numbers at the right, wide letters counted as two,
 * NULL told, control characters replaced. With `width`, no line is wider: long texts are cut, then columns left out,
 * first those of digests, which nobody reads, then those at the end.
 */
export function layOutRows(
  columns: readonly Column[],
  batches: AsyncIterable<RecordBatch>,
  width: number | undefined,
): RowTable {
  let rowCount = 0;
  let shown: { at: number; width: number }[] | undefined;
  const lines = async function* () {
    const { plainCells } = await import("../../query/output/cells.ts");
    const rightAt = columns.map(({ type }) => isNumber(type));
    const waiting: string[][] = [];
    const line = (cells: readonly string[]) =>
      `${(shown ?? [])
        .map(({ at, width: cellWidth }) =>
          padCell(cutCell(cells[at] ?? "", cellWidth), cellWidth, rightAt[at] ? "right" : "left"),
        )
        .join(GAP)
        .trimEnd()}\n`;
    const names = columns.map(({ name }) => oneLine(name));
    const begin = () => {
      shown = chooseColumns(measure([names, ...waiting]), waiting, width);
      const widths = new Map(shown.map((column) => [column.at, column.width]));
      const rule = names.map((_, at) => "─".repeat(widths.get(at) ?? 0));
      const head = [names, rule, ...waiting].map(line).join("");
      waiting.length = 0;
      return head;
    };
    for await (const batch of batches) {
      const cells = plainCells(batch);
      let text = "";
      for (let row = 0; row < batch.numRows; row++) {
        rowCount++;
        const values = cells.map((cell) => oneLine(start(cell(row) ?? "NULL")));
        if (shown !== undefined) text += line(values);
        else if (waiting.push(values) >= MEASURED_ROWS) text += begin();
      }
      if (text !== "") yield text;
    }
    if (shown === undefined) yield begin();
  };
  return {
    lines: lines(),
    rowCount: () => rowCount,
    hidden: () =>
      columns.filter((_, at) => shown?.some((column) => column.at === at) === false).map(({ name }) => name),
  };
}

/** A label may be megabytes long: only the visible part is read. */
function start(text: string): string {
  return text.length <= 2000 ? text : `${text.slice(0, 2000)}…`;
}

function isNumber(type: string): boolean {
  return /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(.*\))$/.test(type);
}

function measure(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) {
      widths[at] = Math.min(MAX_WIDTH, Math.max(widths[at] ?? 1, Bun.stringWidth(cell)));
    }
  }
  return widths;
}

/** A digest, or a path or an id that is made of one. */
const DIGEST = /[0-9a-f]{32}/;

/** The columns that fit into a line, with their widths, in their order. */
function chooseColumns(
  wanted: readonly number[],
  rows: readonly (readonly string[])[],
  lineWidth: number | undefined,
): { at: number; width: number }[] {
  const isDigest = wanted.map((_, at) => {
    const values = rows.map((row) => row[at] ?? "").filter((value) => value !== "NULL");
    return values.length > 0 && values.every((value) => DIGEST.test(value));
  });
  const order = wanted.map((_, at) => at).sort((a, b) => Number(isDigest[a]) - Number(isDigest[b]) || a - b);
  const widths = fitWidths(
    order.map((at) => wanted[at] ?? 1),
    lineWidth,
  );
  return widths.map((width, place) => ({ at: order[place] ?? 0, width })).sort((a, b) => a.at - b.at);
}

/**
 * Widths that fit into a line: the widest columns give way first, down to eight cells each; then columns at the end
 * are left out. Undefined is a line without a limit.
 */
export function fitWidths(wanted: readonly number[], lineWidth: number | undefined): number[] {
  if (lineWidth === undefined) return [...wanted];
  const least = wanted.map((width) => Math.min(width, MIN_WIDTH));
  let count = wanted.length;
  const needed = (widths: readonly number[]) =>
    widths.reduce((sum, width) => sum + width, 0) + GAP.length * Math.max(0, widths.length - 1);
  while (count > 1 && needed(least.slice(0, count)) > lineWidth) count--;
  const widths = wanted.slice(0, count);
  for (let over = needed(widths) - lineWidth; over > 0; over--) {
    const widest = Math.max(...widths);
    widths[widths.lastIndexOf(widest)] = Math.max(1, widest - 1);
  }
  return widths;
}
