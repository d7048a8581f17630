import type { RefObject } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { PageDocument } from "../../../schema/page-documents.ts";
import type { DrawnRegion } from "../../canvas/shapes.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { JsonPanel } from "./json-panel.tsx";
import { labelColumnOf } from "./label-column.ts";
import { RegionList } from "./region-list.tsx";
import { RowPanel } from "./row-panel.tsx";
import { ViewNote } from "./view-note.tsx";

export interface SidePanelProps {
  page: PageDocument;
  regions: readonly DrawnRegion[];
  active: number | undefined;
  onPick(index: number | undefined): void;
  find: RefObject<HTMLInputElement | null>;
  searched: string;
}

type Tab = "regions" | "json" | "row";

/** The same as on the canvas in words: the regions, the label as it is stored, the row. */
export function SidePanel({ page, regions, active, onPick, find, searched }: SidePanelProps) {
  const { viewing } = texts();
  const [chosen, setChosen] = useState<Tab>();
  const { label } = page;
  const column = useMemo(() => labelColumnOf(page), [page]);
  const tab: Tab =
    chosen ??
    (regions.length > 0 || (label?.questions.length ?? 0) > 0 ? "regions" : column ? "json" : "row");
  const titles: [Tab, string][] = [
    ["regions", viewing.regions(formatNumber(regions.length))],
    ["json", viewing.json],
    ["row", viewing.row],
  ];
  return (
    <section class="panel" aria-label={viewing.panel}>
      <div class="tabs" role="tablist">
        {titles.map(([name, title]) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={tab === name}
            aria-controls="tab-panel"
            onClick={() => setChosen(name)}
          >
            {title}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${tab}`}>
        <ViewNote page={page} hasColumn={column !== undefined} />
        {tab === "regions" && (
          <RegionList
            page={page}
            regions={regions}
            active={active}
            onPick={onPick}
            find={find}
            searched={searched}
          />
        )}
        {tab === "json" && (
          <JsonPanel
            column={column}
            isCut={column !== undefined && page.cut.includes(column.name)}
            regions={label?.regions ?? []}
            active={active}
            onPick={onPick}
          />
        )}
        {tab === "row" && <RowPanel page={page} />}
      </div>
    </section>
  );
}
