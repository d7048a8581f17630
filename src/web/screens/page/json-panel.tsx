import { useMemo } from "preact/hooks";
import type { PageDocument, PageRegion } from "../../../schema/page-documents.ts";
import { CopyButton } from "../../parts/copyable.tsx";
import { useRowsInView } from "../../parts/use-rows-in-view.ts";
import { layOutJson } from "../../text/json-lines.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

export interface JsonPanelProps {
  column: PageDocument["columns"][number] | undefined;
  isCut: boolean;
  regions: readonly PageRegion[];
  active: number | undefined;
  onPick(index: number | undefined): void;
}

const LINE_PX = 19;
/** A line beyond this is cut: nobody reads it to its end, and it costs more than all others. */
const MAX_LINE_CHARS = 4000;

/** The label as it is stored, with the place of the chosen region; a click on a place chooses its region. */
export function JsonPanel({ column, isCut, regions, active, onPick }: JsonPanelProps) {
  const { viewing } = texts();
  const value = column?.value ?? "";
  const { lines, places } = useMemo(
    () => layOutJson(value, new Set(regions.flatMap((region) => region.places))),
    [value, regions],
  );
  const regionOfLine = useMemo(() => {
    const found = new Map<number, number>();
    for (const [index, region] of regions.entries()) {
      for (const place of region.places) {
        const [first, end] = places.get(place) ?? [0, 0];
        for (let line = first; line < end; line++) found.set(line, index);
      }
    }
    return found;
  }, [places]);
  const chosen = active === undefined ? undefined : regions[active];
  const [path] = chosen?.places ?? [];
  const [shown, shownEnd = 0] = places.get(path ?? "") ?? [];
  const inView = useRowsInView(lines.length, LINE_PX, shown, shownEnd - (shown ?? 0));
  const { element, onScroll, first, end } = inView;
  if (value === "") return <p class="quiet">{viewing.noLabel}</p>;
  return (
    <div class="json">
      <p class="quiet">
        {isCut ? viewing.cut(formatNumber(value.length)) : column?.name}{" "}
        <CopyButton text={value} label={viewing.json} />
      </p>
      {path !== undefined && (
        <p class="path">
          <code>{path}</code> <CopyButton text={path} label={viewing.path} />
        </p>
      )}
      <div
        ref={element}
        class="json-lines"
        role="region"
        tabIndex={0}
        aria-label={viewing.json}
        onScroll={onScroll}
      >
        <pre style={{ height: `${lines.length * LINE_PX}px` }}>
          {lines.slice(first, end).map((text, at) => {
            const line = first + at;
            const region = regionOfLine.get(line);
            const Line = region !== undefined && region === active ? "mark" : "span";
            return (
              <Line
                key={line}
                class={region === undefined ? "json-line" : "json-line of-region"}
                style={{ transform: `translateY(${line * LINE_PX}px)` }}
                onClick={() => region !== undefined && onPick(region)}
              >
                {text.length > MAX_LINE_CHARS ? `${text.slice(0, MAX_LINE_CHARS)}…` : text}
              </Line>
            );
          })}
        </pre>
      </div>
    </div>
  );
}
