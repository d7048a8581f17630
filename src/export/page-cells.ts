import type { Cell } from "../query/output/cells.ts";
import { factColumn, type ImageColumn, type ImageFact } from "../schema/image-columns.ts";
import type { RowPage } from "../schema/labels/read-pages.ts";

/** What labels need to know of the pages of a row. */
export const PAGE_FACTS = ["width", "height", "orientation", "source_name"] as const satisfies ImageFact[];

/** The pages of a row, in the first of the image columns that has some; `cell` gives the columns of a batch. */
export function pageCells(
  columns: readonly ImageColumn[],
  cell: (name: string) => Cell,
): (row: number) => RowPage[] {
  const columnsAt = columns.map((column) => {
    const [width, height, orientation, name] = PAGE_FACTS.map((fact) => cell(factColumn(column, fact))) as [
      Cell,
      Cell,
      Cell,
      Cell,
    ];
    if (!column.list)
      return (row: number) => toPages([width(row)], [height(row)], [orientation(row)], [name(row)]);
    const listOf = (at: Cell, row: number) => JSON.parse(at(row) ?? "[]") as (string | number | null)[];
    return (row: number) =>
      toPages(listOf(width, row), listOf(height, row), listOf(orientation, row), listOf(name, row));
  });
  return (row) => {
    for (const pagesAt of columnsAt) {
      const pages = pagesAt(row);
      if (pages.length > 0) return pages;
    }
    return [];
  };
}

type Values = readonly (string | number | null | undefined)[];

/** What has no width or height is no page. */
export function toPages(widths: Values, heights: Values, orientations: Values, names: Values): RowPage[] {
  const pages: RowPage[] = [];
  for (const [at, width] of widths.entries()) {
    const [height, orientation, name] = [heights[at], orientations[at], names[at]];
    if (width == null || height == null) continue;
    pages.push({
      width: Number(width),
      height: Number(height),
      orientation: orientation == null ? null : Number(orientation),
      sourceName: name == null ? null : String(name),
    });
  }
  return pages;
}
