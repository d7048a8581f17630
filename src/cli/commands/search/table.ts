import { type RowQuery, type RowResult, searchedTexts } from "../../../schema/query.ts";
import { oneLine, padCell } from "../../terminal/table.ts";
import { chooseColumns, type HitColumn, NULL_TEXT } from "./columns.ts";
import { createFind, type Excerpt, excerptWidth, type Find, fitExcerpt, joinExcerpt } from "./excerpt.ts";

/** Rows that determine column widths; later ones are streamed. */
const MEASURED_ROWS = 200;
const GAP = "  ";
/** Minimum widths in cells where others need the space: of a searched column, of another one. */
const LEAST = { searched: 30, other: 10 };
/** Maximum width where the line has no limit. */
const MOST = { searched: 120, other: 60 };

export interface HitTable {
  /** Lines, streamed as rows are read; none without rows. */
  lines: AsyncIterable<string>;
  /** Number of rows; complete when the lines have been read. */
  rowCount(): number;
  /** Columns with values that the table does not show. */
  hidden(): readonly string[];
}

export interface HitTableOptions {
  /** Width of a line in cells; unlimited by default. */
  width: number | undefined;
  color: boolean;
}

/**
 * The rows of a search as an aligned table: long texts are cut around what was found in them, and that is marked.
 * Where all rows are of one partition it is left out.
 */
export function layOutHits(result: RowResult, query: RowQuery, options: HitTableOptions): HitTable {
  const { shown: candidates, left } = chooseColumns(result, query);
  const find = createFind(searchedTexts(query) ?? [""], query.ignore_case ?? false);
  const mark = (text: string) => (options.color && text !== "" ? `\u001b[1;31m${text}\u001b[22;39m` : text);
  let shown: ShownColumn[] | undefined;
  let rowCount = 0;
  /** Candidates with a value in some row. */
  const filled = new Set<number>();
  const line = (row: readonly Excerpt[]) => joinLine(shown ?? [], row, find, mark);
  const begin = (rows: readonly (readonly Excerpt[])[]) => {
    shown = planColumns(candidates, filled, rows, options.width);
    const titles = candidates.map(({ title }) => ({ before: "", match: "", after: oneLine(title) }));
    const rules = candidates.map((_, at) => {
      const width = shown?.find((column) => column.at === at)?.width ?? 0;
      return { before: "", match: "", after: "─".repeat(width) };
    });
    return [titles, rules, ...rows].map(line).join("");
  };
  const lines = async function* () {
    const { plainCells } = await import("../../../query/output/cells.ts");
    const waiting: Excerpt[][] = [];
    for await (const batch of result.batches) {
      const cells = plainCells(batch);
      let text = "";
      for (let row = 0; row < batch.numRows; row++) {
        rowCount++;
        const excerpts = candidates.map((column) => column.excerpt(cells, row));
        for (const [at, { after }] of excerpts.entries()) if (after !== NULL_TEXT) filled.add(at);
        if (shown !== undefined) text += line(excerpts);
        else if (waiting.push(excerpts) === MEASURED_ROWS) text += begin(waiting);
      }
      if (text !== "") yield text;
    }
    if (shown === undefined && rowCount > 0) yield begin(waiting);
  };
  return {
    lines: lines(),
    rowCount: () => rowCount,
    hidden: () => {
      const hidden = candidates.filter((_, at) => filled.has(at) && !shown?.some((one) => one.at === at));
      return [...hidden.map(({ title }) => title), ...left];
    },
  };
}

/** A candidate that fits. */
interface ShownColumn {
  /** Its position among the candidates. */
  at: number;
  align: "left" | "right";
  width: number;
}

function joinLine(
  columns: readonly ShownColumn[],
  row: readonly Excerpt[],
  find: Find,
  mark: (text: string) => string,
): string {
  const cells = columns.map(({ at, align, width }) => {
    const excerpt = row[at] as Excerpt;
    return padCell(joinExcerpt(fitExcerpt(excerpt, width), find, mark), width, align);
  });
  return `${cells.join(GAP).trimEnd()}\n`;
}

/**
 * Which columns are shown, and how wide: none that is empty. Of several that were searched, those come first in
 * which something was found; in a line that is too short the last of the others go, then the widest are cut, those
 * that were searched last.
 */
function planColumns(
  candidates: readonly HitColumn[],
  filled: ReadonlySet<number>,
  rows: readonly (readonly Excerpt[])[],
  lineWidth: number | undefined,
): ShownColumn[] {
  const measured = candidates.map(({ title, searched, align }, at) => {
    const hit = searched && (rows.some((row) => row[at]?.match !== "") || !rows.some(hasMatch));
    const most = lineWidth ?? (hit ? MOST.searched : MOST.other);
    const wanted = Math.max(Bun.stringWidth(title), ...rows.map((row) => excerptWidth(row[at] as Excerpt)));
    const width = Math.min(most, wanted);
    return { at, align, hit, width, least: Math.min(width, hit ? LEAST.searched : LEAST.other) };
  });
  const rank = ({ at, hit }: { at: number; hit: boolean }) => {
    if (hit) return 1;
    return candidates[at]?.title === "partition" ? 0 : 2;
  };
  const columns = measured.filter(({ at, hit }) => hit || filled.has(at)).sort((a, b) => rank(a) - rank(b));
  if (lineWidth === undefined) return columns;
  const needed = (key: "width" | "least") =>
    columns.reduce((sum, column) => sum + column[key] + GAP.length, -GAP.length);
  while (columns.length > 1 && needed("least") > lineWidth) columns.pop();
  for (let over = needed("width") - lineWidth; over > 0; over--) {
    const widest = columns.reduce((best, column) => (greed(column) >= greed(best) ? column : best));
    widest.width = Math.max(1, widest.width - 1);
  }
  return columns;
}

function hasMatch(row: readonly Excerpt[]): boolean {
  return row.some(({ match }) => match !== "");
}

/** Width of a column above its minimum; of a searched column half counts. */
function greed({ width, least, hit }: { width: number; least: number; hit: boolean }): number {
  const above = width - least;
  if (above <= 0) return width / 1000; // all are at their minimum: the widest still shrinks
  return hit ? above / 2 : above;
}
