import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import {
  cellsInView,
  cornerOf,
  type GridPlace,
  placeAfter,
  placeAt,
  shapeGrid,
  topShowing,
} from "./layout.ts";

export interface VirtualGridProps {
  total: number;
  label: string;
  minCellWidth: number;
  cellHeight: number;
  /** The cell that keys act on, and that is in view. */
  active: number;
  onActive(index: number): void;
  /** Which cells are in view, `end` exclusive. */
  onRange(first: number, end: number): void;
  /** Space ticks the active cell, with Shift all from the last one that was ticked. */
  onChoose(index: number, isRange: boolean): void;
  /** Arrow keys with Shift tick all from one cell to another. */
  onExtend(from: number, to: number): void;
  renderCell(index: number, isActive: boolean): ComponentChildren;
}

/** A grid of any length of which only the cells in view are elements. Arrow keys, Page Up and Down, Home and End move, Space ticks. */
export function VirtualGrid(props: VirtualGridProps) {
  const { total, label, minCellWidth, cellHeight, active, onActive, onRange } = props;
  const element = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [place, setPlace] = useState<GridPlace>({ top: 0, scrollTop: 0 });
  const wantsFocus = useRef(false);
  useLayoutEffect(() => {
    const box = element.current as HTMLDivElement;
    const measure = () => setSize({ width: box.clientWidth, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  const shape = shapeGrid({ total, width: size.width, minCellWidth, cellHeight });
  const [first, end] = size.width === 0 ? [0, 0] : cellsInView(shape, size.height, place.top, total);
  const moveTo = (next: GridPlace) => {
    setPlace(next);
    if (element.current) element.current.scrollTop = next.scrollTop;
  };
  // Before the frame is painted: rows are asked for a frame or two earlier.
  useLayoutEffect(() => onRange(first, end), [first, end, onRange]);
  // The active cell comes into view: after a key, a jump, another width.
  useLayoutEffect(() => {
    if (size.height === 0) return;
    const top = topShowing(shape, size.height, place.top, Math.min(active, Math.max(0, total - 1)));
    if (top !== place.top) moveTo(placeAt(shape, size.height, top));
  }, [active, total, shape.columns, size.height]);
  useLayoutEffect(() => {
    if (!wantsFocus.current) return;
    const cell = element.current?.querySelector<HTMLElement>(`[data-index="${active}"] [data-focus]`);
    if (cell) {
      wantsFocus.current = false;
      cell.focus({ preventScroll: true });
    }
  });
  const onScroll = ({ currentTarget }: { currentTarget: HTMLDivElement }) => {
    const { scrollTop } = currentTarget;
    if (Math.abs(scrollTop - place.scrollTop) < 1) return;
    setPlace(placeAfter(shape, size.height, place, scrollTop));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(size.height / cellHeight)) * shape.columns;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: shape.columns,
      ArrowUp: -shape.columns,
      PageDown: page,
      PageUp: -page,
      Home: -total,
      End: total,
    };
    if (event.key === " " && !(event.target instanceof HTMLInputElement)) {
      event.preventDefault();
      return props.onChoose(active, event.shiftKey);
    }
    const step = steps[event.key];
    if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    wantsFocus.current = true;
    const next = Math.min(total - 1, Math.max(0, active + step));
    onActive(next);
    if (event.shiftKey) props.onExtend(active, next);
  };
  return (
    <div ref={element} class="grid" onScroll={onScroll} onKeyDown={onKeyDown}>
      <div class="grid-space" style={{ height: `${shape.scrollHeight}px` }}>
        <div class="grid-view" role="list" aria-label={label} style={{ height: `${size.height}px` }}>
          {Array.from({ length: end - first }, (_, at) => {
            const index = first + at;
            const [x, y] = cornerOf(shape, index);
            return (
              <div
                key={index}
                class="grid-cell"
                role="listitem"
                aria-setsize={total}
                aria-posinset={index + 1}
                data-index={index}
                // Keys go on from where the mouse was. Not as it gets the focus: a cell that moved is not clicked.
                onClick={() => index !== active && onActive(index)}
                style={{
                  width: `${shape.cellWidth}px`,
                  height: `${cellHeight}px`,
                  transform: `translate(${x}px, ${y - place.top}px)`,
                }}
              >
                {props.renderCell(index, index === active)}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
