import type { StatisticsDocument } from "../../schema/page-documents.ts";
import { versions } from "../state/changes.ts";
import { countings } from "../state/countings.ts";
import { type RowSelection, selectionQuery } from "../state/selection.ts";
import { type Loaded, useDocument } from "./use-document.ts";

/** The rows of a selection by what they can be filtered by; those of the selection before until they are there. */
export function useStatistics(selection: RowSelection | undefined): Loaded<StatisticsDocument> {
  const query = selection && selectionQuery(selection);
  const version = versions.value.generation + countings.value;
  const url = query === undefined ? undefined : `/statistics${query && `?${query}`}`;
  return useDocument<StatisticsDocument>(url, { version, keep: true });
}
