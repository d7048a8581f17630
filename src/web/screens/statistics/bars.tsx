import { useState } from "preact/hooks";
import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { chosenOf, toggleFilter } from "../../state/filters.ts";
import { parametersOf, type RowSelection } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";
import { filterName, filterValue } from "../../texts/filter-texts.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

export interface BarsProps {
  name: string;
  bars: StatisticsDocument["bars"][number]["bars"];
  selection: RowSelection;
}

const SHOWN = 12;

/** Rows by the values of one name: a value filters these statistics, its number leads to the rows. */
export function Bars({ name, bars, selection }: BarsProps) {
  const { facets, counting } = texts();
  const [isOpen, setOpen] = useState(false);
  const isRange = bars.some(({ value }) => value.includes("..")) && name !== "format";
  const used = isRange ? trim(bars) : bars;
  const most = Math.max(1, ...used.map(({ rows }) => rows));
  const chosen = chosenOf(selection.where, name);
  if (used.every(({ rows }) => rows === 0)) return null;
  const shown = isOpen || isRange ? used : used.slice(0, SHOWN);
  const urlWith = (path: string, where: string[]) => urlOf(path, parametersOf({ ...selection, where }));
  return (
    <section class="chart">
      <h2>{counting.rowsBy(filterName(name))}</h2>
      <ul>
        {shown.map(({ value, rows }) => {
          const text = filterValue(name, value);
          const filter = { name, value };
          const isChosen = chosen.includes(value);
          const where = toggleFilter(selection.where, filter);
          return (
            <li key={value} class={isChosen ? "chosen" : undefined}>
              <a
                class="name"
                title={counting.onlyThese(text, formatNumber(rows))}
                aria-current={isChosen || undefined}
                href={urlWith("/statistics", where)}
              >
                {text}
              </a>
              <span class="track" aria-hidden="true">
                {rows > 0 && <span style={{ width: `${(rows / most) * 100}%` }} />}
              </span>
              <a
                class="count"
                aria-label={`${counting.browseThese(text)}: ${formatNumber(rows)}`}
                href={urlWith("/browse", isChosen ? selection.where : where)}
              >
                {formatNumber(rows)}
              </a>
            </li>
          );
        })}
      </ul>
      {used.length > SHOWN && !isRange && (
        <button type="button" class="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? facets.fewer : facets.more(formatNumber(used.length - SHOWN))}
        </button>
      )}
    </section>
  );
}

/** Without the empty ranges at both ends. */
function trim(bars: BarsProps["bars"]): BarsProps["bars"] {
  const first = bars.findIndex(({ rows }) => rows > 0);
  const last = bars.findLastIndex(({ rows }) => rows > 0);
  return first < 0 ? [] : bars.slice(first, last + 1);
}
