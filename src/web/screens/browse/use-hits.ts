import { useEffect, useMemo, useState } from "preact/hooks";
import type { HitsDocument } from "../../../schema/page-documents.ts";
import { request } from "../../api/request.ts";

export type RowHits = HitsDocument["rows"][number];

/** Rows that are scrolled to come first: their hits are asked for when the grid has come to rest. */
const REST_MS = 200;
const MAX_ROWS = 100;
const MAX_KEPT = 3000;

/** Where the searched text stands on the pages in view, by the key of the row; none without a text. */
export function useHits(
  wanted: string,
  generation: number,
): {
  onRange(first: number, end: number): void;
  hitsOf(key: string): RowHits | undefined;
} {
  const hasText = new URLSearchParams(wanted).has("text");
  // Other rows are at the places of another generation.
  const { kept, asked } = useMemo(
    () => ({ kept: new Map<string, RowHits>(), asked: new Set<number>() }),
    [wanted, generation],
  );
  const [range, setRange] = useState<readonly [first: number, end: number]>([0, 0]);
  const [shown, setShown] = useState(0);
  const [first, end] = range;
  useEffect(() => {
    if (!hasText || end <= first) return;
    const missing = Array.from({ length: end - first }, (_, at) => first + at).filter(
      (place) => !asked.has(place),
    );
    const [from, to] = [missing[0], missing.at(-1)];
    if (from === undefined || to === undefined) return;
    const controller = new AbortController();
    const count = Math.min(MAX_ROWS, to - from + 1);
    const ask = async () => {
      const url = `/hits?${wanted}&at=${from}&count=${count}`;
      const document = await request<HitsDocument>(url, { signal: controller.signal }).catch(() => undefined);
      if (document === undefined) return;
      if (kept.size > MAX_KEPT) {
        kept.clear();
        asked.clear();
      }
      for (let place = from; place < from + count; place++) asked.add(place);
      for (const row of document.rows) kept.set(row.key, row);
      setShown((times) => times + 1);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    // The first ones are what was searched for.
    if (asked.size === 0) void ask();
    else timer = setTimeout(ask, REST_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [first, end, kept, shown]);
  return {
    onRange: (from, to) => {
      if (hasText) setRange([from, to]);
    },
    hitsOf: (key) => kept.get(key),
  };
}
