import { change } from "../../state/address.ts";
import { readFilter, toggleFilter } from "../../state/filters.ts";
import { filterName, filterValue } from "../../texts/filter-texts.ts";
import { texts } from "../../texts/texts.ts";

/** The filters that hold, each to be taken away. */
export function FilterChips({ where }: { where: readonly string[] }) {
  const { filters } = texts();
  if (where.length === 0) return null;
  return (
    <ul class="chips" aria-label={filters.active}>
      {where.map((text) => {
        const filter = readFilter(text);
        const name = `${filterName(filter.name)}: ${filterValue(filter.name, filter.value)}`;
        return (
          <li key={text}>
            <button
              type="button"
              aria-label={filters.remove(name)}
              onClick={() => change({ where: toggleFilter(where, filter), at: undefined })}
            >
              <bdi>{name}</bdi> <span aria-hidden="true">×</span>
            </button>
          </li>
        );
      })}
      <li>
        <button type="button" class="plain" onClick={() => change({ where: undefined, at: undefined })}>
          {filters.clear}
        </button>
      </li>
    </ul>
  );
}
