import type { BrowseDocument, BrowseRow } from "../../../schema/page-documents.ts";
import { useDocument } from "../../api/use-document.ts";
import { open } from "../../state/address.ts";
import { rowsQuery } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";

/** The pages before and after one in the browse that it was opened from. */
export interface Neighbours {
  place: number;
  total: number;
  before: string | undefined;
  after: string | undefined;
  browse: string;
}

/** Undefined where the address names no browse. */
export function useNeighbours(query: URLSearchParams): Neighbours | undefined {
  const wanted = rowsQuery(query);
  const given = query.get("at");
  const place = Number(given);
  const from = Math.max(0, place - 1);
  const rows = `/rows?${wanted}${wanted && "&"}at=${from}&count=${place - from + 2}`;
  const { value } = useDocument<BrowseDocument>(given === null ? undefined : rows, { keep: true });
  if (given === null) return undefined;
  const isFresh = value?.at === from;
  const urlAt = (row: BrowseRow | undefined, at: number) => {
    if (!row) return undefined;
    const next = new URLSearchParams(query);
    for (const name of ["region", "image"]) next.delete(name);
    next.set("at", String(at));
    return urlOf(`/page/${row.key}`, next);
  };
  return {
    place,
    total: value?.total ?? place + 1,
    before: isFresh && place > 0 ? urlAt(value.rows[0], place - 1) : undefined,
    after: isFresh ? urlAt(value.rows[place - from + 1], place + 1) : undefined,
    browse: `${urlOf("/browse")}?${wanted}${wanted && "&"}at=${place}`,
  };
}

export function go(url: string | undefined): void {
  if (url !== undefined) open(url, "replace");
}
