import type { RefObject } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { PageDocument } from "../../../schema/page-documents.ts";
import type { DrawnRegion } from "../../canvas/shapes.ts";
import { CopyButton } from "../../parts/copyable.tsx";
import { VirtualList } from "../../parts/virtual-list.tsx";
import { createMatcher, markHits } from "../../text/match.ts";
import { findRegionHits } from "../../text/region-hits.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

export interface RegionListProps {
  page: PageDocument;
  regions: readonly DrawnRegion[];
  active: number | undefined;
  onPick(index: number | undefined): void;
  find: RefObject<HTMLInputElement | null>;
  /** What was searched for in the browse. */
  searched: readonly string[];
  ignoreCase: boolean;
}

const ROW_PX = 44;

/** The first region after the chosen one that holds what is searched for; after the last one the first. */
export function nextHit(
  regions: readonly Pick<DrawnRegion, "isHit">[],
  active: number | undefined,
): number | undefined {
  const after = regions.findIndex(({ isHit }, index) => isHit && index > (active ?? -1));
  const found = after < 0 ? regions.findIndex(({ isHit }) => isHit) : after;
  return found < 0 ? undefined : found;
}

/** The regions in reading order: the twin of the canvas for keys and readers of the screen. */
export function RegionList({ page, regions, active, onPick, find, searched, ignoreCase }: RegionListProps) {
  const { viewing } = texts();
  const [filter, setFilter] = useState("");
  const all = page.label?.regions ?? [];
  const shown = useMemo(() => {
    const isWanted = createMatcher([filter], true);
    const isFound = findRegionHits(all, [filter], true);
    const indices = all.map((_, index) => index).filter((index) => regions[index]?.isShown);
    if (!isWanted) return indices;
    return indices.filter((index) => isFound?.[index] || isWanted(all[index]?.category ?? null));
  }, [all, regions, filter]);
  const hits = useMemo(() => regions.flatMap(({ isHit }, index) => (isHit ? [index] : [])), [regions]);
  const place = active === undefined ? -1 : shown.indexOf(active);
  const text = active === undefined ? undefined : all[active]?.text;
  return (
    <div class="regions">
      {searched.length > 0 && all.length > 0 && (
        <p class="hits">
          {searched.map((one) => (
            <mark key={one}>{one}</mark>
          ))}{" "}
          {hits.length === 0 ? viewing.hitsElsewhere : viewing.hits(formatNumber(hits.length))}
          {hits.length > 0 && (
            <button type="button" title="N" onClick={() => onPick(nextHit(regions, active))}>
              {viewing.nextHit}
            </button>
          )}
        </p>
      )}
      {all.length > 0 && (
        <input
          ref={find}
          type="search"
          value={filter}
          placeholder={viewing.find}
          aria-label={viewing.find}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
      )}
      {all.length > 0 && (
        <VirtualList
          count={shown.length}
          label={viewing.list(formatNumber(shown.length))}
          rowHeight={ROW_PX}
          active={place < 0 ? undefined : place}
          onActive={(at) => onPick(shown[at])}
          renderRow={(at) => {
            const index = shown[at] as number;
            const { category, text, unreadable } = all[index] as (typeof all)[number];
            const { colour, isHit } = regions[index] as DrawnRegion;
            return (
              <>
                <span class="swatch" style={{ background: colour }} />
                <span class="number quiet">{index + 1}</span>
                <span class="text">
                  {unreadable && viewing.unreadable}
                  {!unreadable && (isHit ? <Marked {...{ text, searched, ignoreCase }} /> : (text ?? "—"))}
                </span>
                {category !== null && <span class="category quiet">{category}</span>}
              </>
            );
          }}
        />
      )}
      {text !== undefined && text !== null && text !== "" && (
        <div class="chosen-text">
          <p>{text}</p>
          <CopyButton text={text} label={viewing.text} />
        </div>
      )}
      {(page.label?.questions.length ?? 0) > 0 && (
        <dl class="questions">
          {page.label?.questions.map(({ id, question, answers }, at) => (
            <div key={id ?? at}>
              <dt>{question}</dt>
              <dd>{answers.join(" / ") || "—"}</dd>
            </div>
          ))}
        </dl>
      )}
      {all.length === 0 && (page.label?.questions.length ?? 0) === 0 && (
        <p class="quiet">{viewing.noRegions}</p>
      )}
    </div>
  );
}

/** A text in which what was searched for is marked. */
function Marked({
  text,
  searched,
  ignoreCase,
}: Pick<RegionListProps, "searched" | "ignoreCase"> & { text: string | null }) {
  const pieces = markHits(text ?? "", searched, ignoreCase);
  // One of several that hold it together is a part of it.
  if (!pieces.some(({ isHit }) => isHit)) return <mark>{text}</mark>;
  return pieces.map((piece, at) => (piece.isHit ? <mark key={at}>{piece.text}</mark> : piece.text));
}
