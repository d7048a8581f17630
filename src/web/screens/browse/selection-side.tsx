import { useState } from "preact/hooks";
import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { change } from "../../state/address.ts";
import { toggleFilter } from "../../state/filters.ts";
import { FACETS, type Facet, type RowSelection } from "../../state/selection.ts";
import { filterName, filterValue } from "../../texts/filter-texts.ts";
import { texts } from "../../texts/texts.ts";
import { CountLabels } from "./count-labels.tsx";
import { FacetPanel } from "./facet-panel.tsx";
import { countFacets } from "./facets.ts";
import { filterFacets } from "./filter-facets.ts";
import { SearchForm } from "./search-form.tsx";

export interface SelectionSideProps {
  selection: RowSelection;
  partitions: CatalogPartition[];
  /** Undefined until rows are counted. */
  statistics: StatisticsDocument | undefined;
  /** Another part of the screen counts labels. */
  isCounting?: boolean;
}

/** Search and filters, beside what they select. */
export function SelectionSide({ selection, partitions, statistics, isCounting = false }: SelectionSideProps) {
  const { browsing, facets: names } = texts();
  const [isOpen, setOpen] = useState(!matchMedia("(width < 900px)").matches);
  const hasConditions = selection.text !== "" || selection.column !== "" || selection.where.length > 0;
  const counted = hasConditions ? withRows(partitions, statistics) : partitions;
  const facets = countFacets(counted, selection);
  const toggle = (facet: Facet, name: string) => {
    const chosen = selection[facet];
    const next = chosen.includes(name) ? chosen.filter((one) => one !== name) : [...chosen, name];
    change({ [facet]: next, at: undefined });
  };
  return (
    <aside class="side" aria-label={browsing.filters}>
      <SearchForm selection={selection} />
      <details class="facets" open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>{browsing.filters}</summary>
        {FACETS.filter((facet) => facets[facet].length > 0).map((facet) => (
          <FacetPanel
            key={facet}
            title={names[facet]}
            values={facets[facet]}
            hasCounts={!hasConditions || statistics !== undefined}
            onToggle={(name) => toggle(facet, name)}
          />
        ))}
        {filterFacets(statistics?.bars ?? [], selection.where).map(({ name, values }) => (
          <FacetPanel
            key={name}
            title={filterName(name)}
            values={values}
            textOf={(value) => filterValue(name, value)}
            hasCounts={statistics !== undefined}
            onToggle={(value) =>
              change({ where: toggleFilter(selection.where, { name, value }), at: undefined })
            }
          />
        ))}
        {statistics !== undefined && statistics.rows_uncounted > 0 && !isCounting && (
          <CountLabels rows={statistics.rows_uncounted} />
        )}
      </details>
    </aside>
  );
}

/** Partitions with the rows that meet text and filters in place of all. */
function withRows(
  partitions: readonly CatalogPartition[],
  statistics: StatisticsDocument | undefined,
): CatalogPartition[] {
  const keyOf = (key: Pick<CatalogPartition, "provider" | "dataset" | "task" | "variant">) =>
    JSON.stringify([key.provider, key.dataset, key.task, key.variant]);
  const rows = new Map(statistics?.partitions.map((one) => [keyOf(one), one.rows]));
  return partitions
    .map((partition) => ({ ...partition, rows: rows.get(keyOf(partition)) ?? 0 }))
    .filter((partition) => statistics === undefined || partition.rows > 0);
}
