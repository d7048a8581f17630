import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { chosenOf, readFilter, WITH_TEXT, WITHOUT_TEXT } from "../../state/filters.ts";
import type { FacetValue } from "./facets.ts";

type Bars = StatisticsDocument["bars"];

/** A facet of values that rows are filtered by. */
export interface FilterFacet {
  name: string;
  values: FacetValue[];
}

/** Facets beside the grid: of texts only whether there are any, and of all others the values that rows have. */
export function filterFacets(bars: Bars, where: readonly string[]): FilterFacet[] {
  const names = [
    ...new Set([...bars.map(({ name }) => name), ...where.map((text) => readFilter(text).name)]),
  ];
  return names.flatMap((name) => {
    const counted = bars.find((one) => one.name === name)?.bars ?? [];
    const chosen = chosenOf(where, name);
    const rows = new Map(shownBars(name, counted).map((bar) => [bar.value, bar.rows]));
    for (const value of chosen) if (!rows.has(value)) rows.set(value, rowsAt(counted, value));
    const values = Array.from(rows, ([value, count]) => ({
      name: value,
      rows: count,
      isChosen: chosen.includes(value),
    })).filter((value) => value.rows > 0 || value.isChosen);
    // One value that all rows have tells nothing.
    return values.length > 1 || chosen.length > 0 ? [{ name, values }] : [];
  });
}

function shownBars(name: string, bars: Bars[number]["bars"]): Bars[number]["bars"] {
  if (name !== "label.characters") return bars;
  const rows = (holds: (value: string) => boolean) =>
    bars.reduce((sum, bar) => sum + (holds(bar.value) ? bar.rows : 0), 0);
  return [
    { value: WITH_TEXT, rows: rows((value) => value !== WITHOUT_TEXT) },
    { value: WITHOUT_TEXT, rows: rows((value) => value === WITHOUT_TEXT) },
  ];
}

function rowsAt(bars: Bars[number]["bars"], value: string): number {
  return bars.find((bar) => bar.value === value)?.rows ?? 0;
}
