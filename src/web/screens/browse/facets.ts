import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import { FACETS, type Facet, type RowSelection } from "../../state/selection.ts";

const COLUMN = { providers: "provider", datasets: "dataset", tasks: "task", variants: "variant" } as const;

export interface FacetValue {
  name: string;
  /** Rows that choosing it shows, with what else is chosen. */
  rows: number;
  isChosen: boolean;
}

/** The values of each facet among partitions that the other facets take, those with most rows first. */
export function countFacets(
  partitions: readonly CatalogPartition[],
  selection: Pick<RowSelection, Facet>,
): Record<Facet, FacetValue[]> {
  const valuesOf = (facet: Facet): FacetValue[] => {
    const rows = new Map(selection[facet].map((name) => [name, 0]));
    for (const partition of partitions) {
      if (!FACETS.every((other) => other === facet || takes(selection, partition, other))) continue;
      const name = partition[COLUMN[facet]];
      rows.set(name, (rows.get(name) ?? 0) + partition.rows);
    }
    return [...rows]
      .map(([name, count]) => ({ name, rows: count, isChosen: selection[facet].includes(name) }))
      .sort(
        (a, b) => Number(b.isChosen) - Number(a.isChosen) || b.rows - a.rows || a.name.localeCompare(b.name),
      );
  };
  return {
    providers: valuesOf("providers"),
    datasets: valuesOf("datasets"),
    tasks: valuesOf("tasks"),
    variants: valuesOf("variants"),
  };
}

/** Whether there is a partition that all facets take. */
export function takesAny(
  partitions: readonly CatalogPartition[],
  selection: Pick<RowSelection, Facet>,
): boolean {
  return partitions.some((partition) => FACETS.every((facet) => takes(selection, partition, facet)));
}

function takes(selection: Pick<RowSelection, Facet>, partition: CatalogPartition, facet: Facet): boolean {
  const chosen = selection[facet];
  return chosen.length === 0 || chosen.includes(partition[COLUMN[facet]]);
}
