import type { ComponentChildren } from "preact";
import { useRowsInView } from "./use-rows-in-view.ts";

export interface VirtualListProps {
  count: number;
  label: string;
  rowHeight: number;
  /** Place of the chosen row among those of the list. */
  active: number | undefined;
  onActive(place: number): void;
  renderRow(place: number): ComponentChildren;
}

/** A list box of any length of which only the rows in view are elements. */
export function VirtualList({ count, label, rowHeight, active, onActive, renderRow }: VirtualListProps) {
  const { element, onScroll, first, end, page } = useRowsInView(count, rowHeight, active);
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    };
    const step = steps[event.key];
    if (step === undefined || count === 0) return;
    event.preventDefault();
    const from = active ?? (step > 0 ? -1 : count);
    onActive(Math.min(count - 1, Math.max(0, from + step)));
  };
  const isActiveThere = active !== undefined && active >= first && active < end;
  return (
    <div
      ref={element}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={isActiveThere ? `list-row-${active}` : undefined}
      onScroll={onScroll}
      onKeyDown={onKeyDown}
    >
      <div class="list-space" role="presentation" style={{ height: `${count * rowHeight}px` }}>
        {Array.from({ length: Math.max(0, end - first) }, (_, at) => {
          const place = first + at;
          return (
            <div
              key={place}
              id={`list-row-${place}`}
              class="list-row"
              role="option"
              tabIndex={-1}
              aria-selected={place === active}
              aria-setsize={count}
              aria-posinset={place + 1}
              style={{ height: `${rowHeight}px`, transform: `translateY(${place * rowHeight}px)` }}
              onClick={() => onActive(place)}
            >
              {renderRow(place)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
