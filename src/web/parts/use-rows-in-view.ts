import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

export interface RowsInView {
  /** Of the element that scrolls. */
  element: RefObject<HTMLDivElement | null>;
  onScroll(): void;
  first: number;
  /** Exclusive. */
  end: number;
  /** Rows that the view holds, at least one. */
  page: number;
}

/**
 * Which rows of one height are in view, with some above and below. Rows from `shown` on, one or more, come into view when
 * that changes.
 */
export function useRowsInView(
  count: number,
  rowHeight: number,
  shown: number | undefined,
  shownRows = 1,
): RowsInView {
  const element = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  const measure = () => {
    const box = element.current as HTMLDivElement;
    setView({ top: box.scrollTop, height: box.clientHeight });
  };
  useLayoutEffect(() => {
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element.current as HTMLDivElement);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const box = element.current as HTMLDivElement;
    if (shown === undefined || view.height === 0) return;
    const top = shown * rowHeight;
    if (top < box.scrollTop || top + shownRows * rowHeight > box.scrollTop + view.height) {
      box.scrollTop = Math.max(0, top - view.height / 2 + rowHeight / 2);
    }
  }, [shown, view.height > 0]);
  return {
    element,
    onScroll: measure,
    first: Math.max(0, Math.floor(view.top / rowHeight) - 2),
    end: Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + 2),
    page: Math.max(1, Math.floor(view.height / rowHeight) - 1),
  };
}
