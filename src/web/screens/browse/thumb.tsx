import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { BrowseRow } from "../../../schema/page-documents.ts";
import { texts } from "../../texts/texts.ts";
import type { RowHits } from "./use-hits.ts";

/** Part of the longer side by which a hit is drawn larger than it is: a word on a small picture is a dot. */
const MARGIN = 0.008;

/** The page small, with what was searched for marked on it. */
export function Thumb({ row: { hash, asset }, hits }: { row: BrowseRow; hits: RowHits | undefined }) {
  const { grid } = texts();
  const [isBroken, setBroken] = useState(false);
  const image = useRef<HTMLImageElement>(null);
  // A browser has six connections, and goes on loading what is no longer on the page: rows would wait for it.
  useLayoutEffect(() => {
    const element = image.current;
    return () => element?.removeAttribute("src");
  }, [hash, asset, isBroken]);
  if (hash === null || asset === null) return <span class="thumb none">{grid.noImage}</span>;
  if (isBroken) return <span class="thumb none problem">{grid.broken}</span>;
  return (
    <span class="thumb">
      <img
        ref={image}
        fetchpriority="low"
        src={`/thumbs/${hash}?asset=${encodeURIComponent(asset)}`}
        alt=""
        decoding="async"
        onError={() => setBroken(true)}
      />
      {hits && <HitBoxes hits={hits} />}
    </span>
  );
}

function HitBoxes({ hits: { width, height, boxes, is_guess: isGuess } }: { hits: RowHits }) {
  const margin = MARGIN * Math.max(width, height);
  return (
    <svg class={`hit-boxes${isGuess ? " guess" : ""}`} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {boxes.map(([x1, y1, x2, y2]) => (
        <rect
          key={`${x1} ${y1} ${x2} ${y2}`}
          x={x1 - margin}
          y={y1 - margin}
          width={x2 - x1 + 2 * margin}
          height={y2 - y1 + 2 * margin}
        />
      ))}
    </svg>
  );
}
