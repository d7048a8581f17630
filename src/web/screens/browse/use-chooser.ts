import { useMemo, useRef, useState } from "preact/hooks";
import type { BrowseDocument, BrowseRow } from "../../../schema/page-documents.ts";
import { request } from "../../api/request.ts";
import { choose, MAX_CHOSEN, toggleChoice } from "../../state/choice.ts";
import type { RowChunks } from "./row-chunks.ts";

const FETCH_ROWS = 500;

export interface Chooser {
  /** Ticks a row or takes its tick away; with `isRange` ticks all from the one that was ticked last. */
  choosePlace(place: number, isRange: boolean): void;
  /** Where a range begins: the row that keys were on, before any was ticked. */
  beginAt(place: number): void;
  problem: "tooMany" | "failed" | undefined;
}

/** Ticks rows by their place in a browse; those of a range that were not shown yet are fetched. */
export function useChooser(wanted: string, chunks: RowChunks): Chooser {
  const anchor = useRef<number>(undefined);
  const [problem, setProblem] = useState<Chooser["problem"]>();
  return useMemo(() => {
    const chooseRange = async (from: number, to: number) => {
      if (to - from >= MAX_CHOSEN) return setProblem("tooMany");
      const rows = await rowsBetween(from, to, chunks, wanted).catch(() => undefined);
      if (rows === undefined) return setProblem("failed");
      const isDone = choose(
        rows.filter(hasKey).map(({ key }) => key),
        true,
      );
      setProblem(isDone ? undefined : "tooMany");
    };
    return {
      problem,
      beginAt: (place) => {
        anchor.current ??= place;
      },
      choosePlace: (place, isRange) => {
        if (isRange && anchor.current !== undefined) {
          void chooseRange(Math.min(anchor.current, place), Math.max(anchor.current, place));
          return;
        }
        anchor.current = place;
        const row = chunks.rowAt(place);
        if (row === undefined || !hasKey(row)) return;
        const isDone = toggleChoice(row.key);
        setProblem(isDone ? undefined : "tooMany");
      },
    };
  }, [wanted, chunks, problem]);
}

/** Rows that no upload brought have no key that would name them tomorrow. */
export function hasKey({ upload_id, source_row }: BrowseRow): boolean {
  return upload_id !== null && source_row !== null;
}

/** `from` and `to` inclusive. */
async function rowsBetween(
  from: number,
  to: number,
  chunks: RowChunks,
  wanted: string,
): Promise<BrowseRow[]> {
  const rows: BrowseRow[] = [];
  for (let place = from; place <= to; ) {
    const known = chunks.rowAt(place);
    if (known !== undefined) {
      rows.push(known);
      place++;
      continue;
    }
    const count = Math.min(FETCH_ROWS, to - place + 1);
    const document = await request<BrowseDocument>(
      `/rows?${wanted}${wanted && "&"}at=${place}&count=${count}`,
    );
    if (document.rows.length === 0) break;
    rows.push(...document.rows);
    place += document.rows.length;
  }
  return rows;
}
