import { useMemo, useState } from "preact/hooks";
import { formatNumber, texts } from "../../texts/texts.ts";
import { JsonPanel } from "./json-panel.tsx";
import { labelColumnOf } from "./label-column.ts";
import { RegionList, type RegionListProps } from "./region-list.tsx";
import { RowPanel } from "./row-panel.tsx";
import { ViewNote } from "./view-note.tsx";

type Tab = "regions" | "json" | "row";

/** The same as on the canvas in words: the regions, the label as it is stored, the row. */
export function SidePanel(props: RegionListProps) {
  const { viewing } = texts();
  const [chosen, setChosen] = useState<Tab>();
  const { page, regions, active, onPick } = props;
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
        {tab === "regions" && <RegionList {...props} />}
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
