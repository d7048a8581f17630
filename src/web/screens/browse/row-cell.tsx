import type { BrowseRow } from "../../../schema/page-documents.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { Thumb } from "./thumb.tsx";
import { hasKey } from "./use-chooser.ts";
import type { RowHits } from "./use-hits.ts";

export interface RowCellProps {
  row: BrowseRow | undefined;
  hits: RowHits | undefined;
  place: number;
  url: string;
  isActive: boolean;
  isChosen: boolean;
  onChoose(isRange: boolean): void;
}

/** One row in the grid: its page small, its name, a box to choose it. */
export function RowCell({ row, hits, place, url, isActive, isChosen, onChoose }: RowCellProps) {
  const { grid } = texts();
  if (row === undefined) return <div class="cell waiting" />;
  const name = row.source_name ?? grid.rowNumber(formatNumber(place + 1));
  const where = `${row.dataset} · ${row.task}/${row.variant}`;
  return (
    <div class={`cell${isChosen ? " chosen" : ""}`}>
      <a
        href={url}
        data-focus
        tabIndex={isActive ? 0 : -1}
        title={`${name}\n${where}`}
        onClick={(event) => {
          if (!event.shiftKey) return;
          event.preventDefault(); // a new window
          onChoose(true);
        }}
      >
        <Thumb key={row.key} row={row} hits={hits} />
        <span class="name whole-end">
          <bdi>{name}</bdi>
        </span>
        {hits && <span class="hidden">{grid.hits(formatNumber(hits.hits))}</span>}
        <span class="quiet place">
          {hits?.is_guess && (
            <span class="badge guess" title={grid.guessHint}>
              {grid.guess}
            </span>
          )}
          {(row.pages ?? 1) > 1 && <span class="badge">{grid.pages(formatNumber(row.pages as number))}</span>}
          <span class="whole-end">
            <bdi>{where}</bdi>
          </span>
        </span>
      </a>
      {hasKey(row) && (
        <input
          type="checkbox"
          tabIndex={isActive ? 0 : -1}
          aria-label={grid.choose(name)}
          checked={isChosen}
          onClick={(event) => onChoose(event.shiftKey)}
        />
      )}
    </div>
  );
}
