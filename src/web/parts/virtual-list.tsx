import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

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
  const element = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 0 });
  useLayoutEffect(() => {
    const box = element.current as HTMLDivElement;
    const measure = () => setView({ top: box.scrollTop, height: box.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    const box = element.current as HTMLDivElement;
    if (active === undefined || view.height === 0) return;
    const top = active * rowHeight;
    if (top < box.scrollTop || top + rowHeight > box.scrollTop + view.height) {
      box.scrollTop = Math.max(0, top - view.height / 2 + rowHeight / 2);
    }
  }, [active, view.height > 0]);
  const onKeyDown = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1);
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
  const first = Math.max(0, Math.floor(view.top / rowHeight) - 2);
  const end = Math.min(count, Math.ceil((view.top + view.height) / rowHeight) + 2);
  const isActiveThere = active !== undefined && active >= first && active < end;
  return (
    <div
      ref={element}
      class="list"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={isActiveThere ? `list-row-${active}` : undefined}
      onScroll={({ currentTarget }) =>
        setView({ top: currentTarget.scrollTop, height: currentTarget.clientHeight })
      }
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
