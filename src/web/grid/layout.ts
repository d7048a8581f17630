/**
 * Where the cells of a grid of any length are. Browsers lay out no element of 100 million pixels, so the element that
 * scrolls is lower than the grid from `MAX_SCROLL` on: long ways are scaled, short ways are exact.
 */
export const MAX_SCROLL = 10_000_000;

export interface GridShape {
  columns: number;
  /** Of a cell, with the gap, px. */
  cellWidth: number;
  cellHeight: number;
  /** Of the whole grid, px. */
  height: number;
  /** Of the element that scrolls, px. */
  scrollHeight: number;
}

export interface GridMeasures {
  total: number;
  /** Of the view, px. */
  width: number;
  minCellWidth: number;
  cellHeight: number;
}

/** Where the view is: `top` in the grid, `scrollTop` in the element. */
export interface GridPlace {
  top: number;
  scrollTop: number;
}

export function shapeGrid({ total, width, minCellWidth, cellHeight }: GridMeasures): GridShape {
  const columns = Math.max(1, Math.floor(width / minCellWidth));
  const height = Math.ceil(total / columns) * cellHeight;
  return {
    columns,
    cellWidth: width / columns,
    cellHeight,
    height,
    scrollHeight: Math.min(height, MAX_SCROLL),
  };
}

/** The place whose view begins at `top`, or as near to it as the grid allows. */
export function placeAt(shape: GridShape, viewHeight: number, top: number): GridPlace {
  const way = Math.max(0, shape.height - viewHeight);
  const scrollWay = Math.max(0, shape.scrollHeight - viewHeight);
  const clamped = Math.min(Math.max(0, top), way);
  return { top: clamped, scrollTop: way === 0 ? 0 : (clamped / way) * scrollWay };
}

/** The place after the element was scrolled: by a wheel or key it goes as far as that; dragged, it is in proportion. */
export function placeAfter(
  shape: GridShape,
  viewHeight: number,
  before: GridPlace,
  scrollTop: number,
): GridPlace {
  const scrollWay = Math.max(0, shape.scrollHeight - viewHeight);
  const way = Math.max(0, shape.height - viewHeight);
  if (way <= scrollWay) return { top: scrollTop, scrollTop };
  if (scrollTop <= 0) return { top: 0, scrollTop: 0 };
  if (scrollTop >= scrollWay) return { top: way, scrollTop: scrollWay };
  const moved = scrollTop - before.scrollTop;
  const isShort = Math.abs(moved) <= 2 * viewHeight;
  const top = isShort ? before.top + moved : (scrollTop / scrollWay) * way;
  return { top: Math.min(Math.max(0, top), way), scrollTop };
}

/** Cells to show, `end` exclusive, with a row more above and below. */
export function cellsInView(
  shape: GridShape,
  viewHeight: number,
  top: number,
  total: number,
): [first: number, end: number] {
  const firstRow = Math.max(0, Math.floor(top / shape.cellHeight) - 1);
  const endRow = Math.ceil((top + viewHeight) / shape.cellHeight) + 1;
  return [Math.min(firstRow * shape.columns, total), Math.min(endRow * shape.columns, total)];
}

/** The upper left corner of a cell in the grid, px. */
export function cornerOf(shape: GridShape, index: number): [x: number, y: number] {
  const row = Math.floor(index / shape.columns);
  return [(index - row * shape.columns) * shape.cellWidth, row * shape.cellHeight];
}

/** Where `top` has to be for a cell to be seen whole; as it is where it is. */
export function topShowing(shape: GridShape, viewHeight: number, top: number, index: number): number {
  const [, y] = cornerOf(shape, index);
  if (y < top) return y;
  return y + shape.cellHeight > top + viewHeight ? y + shape.cellHeight - viewHeight : top;
}
