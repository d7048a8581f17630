import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import { FACETS, type RowSelection } from "../../state/selection.ts";
import { texts } from "../../texts/texts.ts";
import { FacetPanel } from "./facet-panel.tsx";
import { countFacets } from "./facets.ts";
import { SearchForm } from "./search-form.tsx";

/** Search and filters, beside what they select. */
export function SelectionSide({
  selection,
  partitions,
}: {
  selection: RowSelection;
  partitions: CatalogPartition[];
}) {
  const { browsing } = texts();
  const facets = countFacets(partitions, selection);
  return (
    <aside class="side" aria-label={browsing.filters}>
      <SearchForm selection={selection} />
      <details class="facets" open={!matchMedia("(width < 900px)").matches}>
        <summary>{browsing.filters}</summary>
        {FACETS.map((facet) => (
          <FacetPanel
            key={facet}
            facet={facet}
            values={facets[facet]}
            hasCounts={selection.text === "" && selection.column === ""}
          />
        ))}
      </details>
    </aside>
  );
}
