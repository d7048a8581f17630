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

/** Rows are asked for in advance: whoever leafs through pages is faster than an answer for each. */
const CHUNK = 30;

/** Undefined where the address names no browse. */
export function useNeighbours(query: URLSearchParams): Neighbours | undefined {
  const wanted = rowsQuery(query);
  const given = query.get("at");
  const place = Number(given);
  const from = Math.max(0, Math.floor(place / CHUNK) * CHUNK - CHUNK);
  const rows = `/rows?${wanted}${wanted && "&"}at=${from}&count=${3 * CHUNK}`;
  const { value } = useDocument<BrowseDocument>(given === null ? undefined : rows, { keep: true });
  if (given === null) return undefined;
  const urlAt = (at: number) => {
    // The rows of the chunk before are there until the next have come.
    const row: BrowseRow | undefined = value?.rows[at - value.at];
    if (!row) return undefined;
    const next = new URLSearchParams(query);
    for (const name of ["region", "image"]) next.delete(name);
    next.set("at", String(at));
    return urlOf(`/page/${row.key}`, next);
  };
  return {
    place,
    total: value?.total ?? place + 1,
    before: urlAt(place - 1),
    after: urlAt(place + 1),
    browse: `${urlOf("/browse")}?${wanted}${wanted && "&"}at=${place}`,
  };
}

export function go(url: string | undefined): void {
  if (url !== undefined) open(url, "replace");
}
