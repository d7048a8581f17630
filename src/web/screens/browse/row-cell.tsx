import { useState } from "preact/hooks";
import type { BrowseRow } from "../../../schema/page-documents.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { hasKey } from "./use-chooser.ts";

export interface RowCellProps {
  row: BrowseRow | undefined;
  place: number;
  url: string;
  isActive: boolean;
  isChosen: boolean;
  onChoose(isRange: boolean): void;
}

/** One row in the grid: its page small, its name, a box to choose it. */
export function RowCell({ row, place, url, isActive, isChosen, onChoose }: RowCellProps) {
  const { grid } = texts();
  if (row === undefined) return <div class="cell waiting" />;
  const name = row.source_name ?? grid.rowNumber(formatNumber(place + 1));
  return (
    <div class={`cell${isChosen ? " chosen" : ""}`}>
      <a
        href={url}
        data-focus
        tabIndex={isActive ? 0 : -1}
        title={name}
        onClick={(event) => {
          if (!event.shiftKey) return;
          event.preventDefault(); // a new window
          onChoose(true);
        }}
      >
        <Thumb row={row} />
        <span class="name">
          <bdi>{name}</bdi>
        </span>
        <span class="quiet">
          {row.dataset} · {row.task}/{row.variant}
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
      {(row.pages ?? 1) > 1 && <span class="badge">{grid.pages(formatNumber(row.pages as number))}</span>}
    </div>
  );
}

function Thumb({ row: { hash, asset } }: { row: BrowseRow }) {
  const { grid } = texts();
  const [isBroken, setBroken] = useState(false);
  if (hash === null || asset === null) return <span class="thumb none">{grid.noImage}</span>;
  if (isBroken) return <span class="thumb none problem">{grid.broken}</span>;
  return (
    <img
      class="thumb"
      src={`/thumbs/${hash}?asset=${encodeURIComponent(asset)}`}
      alt=""
      decoding="async"
      onError={() => setBroken(true)}
    />
  );
}
