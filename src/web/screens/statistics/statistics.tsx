import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { usePartitions } from "../../api/use-partitions.ts";
import { useStatistics } from "../../api/use-statistics.ts";
import { Empty, Failure } from "../../parts/notice.tsx";
import { address } from "../../state/address.ts";
import { isOfLabels, type RowSelection, readSelection, selectionQuery } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { CountLabels } from "../browse/count-labels.tsx";
import { takesAny } from "../browse/facets.ts";
import { FilterChips } from "../browse/filter-chips.tsx";
import { NoRows } from "../browse/no-rows.tsx";
import { Searching } from "../browse/searching.tsx";
import { SelectionSide } from "../browse/selection-side.tsx";
import { Bars } from "./bars.tsx";

/** Labels of more rows are counted only when that is asked for. */
const AT_ONCE = 200_000;

/** What the pages and labels of a selection hold. */
export function StatisticsScreen() {
  const selection = readSelection(address.value.query);
  const { partitions } = usePartitions();
  const isNowhere = partitions !== undefined && !takesAny(partitions, selection);
  const { value, failure } = useStatistics(partitions === undefined || isNowhere ? undefined : selection);
  const { list, counting, browse } = texts();
  const wanted = selectionQuery(selection);
  const uncounted = value?.rows_uncounted ?? 0;
  return (
    <div class="browse">
      <SelectionSide selection={selection} partitions={partitions ?? []} statistics={value} isCounting />
      {partitions?.length === 0 ? (
        <Empty title={list.none}>
          <p>{list.noneHint}</p>
        </Empty>
      ) : isNowhere ? (
        <NoRows />
      ) : (
        <section class="results counted">
          <div class="bar toolbar">
            <h1>{counting.heading}</h1>
            <span class="push" />
            <a href={`${urlOf("/browse")}${wanted && `?${wanted}`}`}>{browse}</a>
            <FilterChips where={selection.where} />
          </div>
          {failure && <Failure failure={failure} isPart />}
          {!value && !failure && <Searching />}
          {uncounted > 0 && (
            <CountLabels
              key={wanted}
              rows={uncounted}
              isAtOnce={uncounted <= AT_ONCE || isOfLabels(address.value.query)}
            />
          )}
          {value && !failure && <Numbers statistics={value} selection={selection} />}
        </section>
      )}
    </div>
  );
}

const NAMES = ["rows", "pages", "labels", "regions", "words", "characters"] as const;

function Numbers({ statistics, selection }: { statistics: StatisticsDocument; selection: RowSelection }) {
  const { counting } = texts();
  const { rows_counted: counted, rows_uncounted: uncounted, labels, rows } = statistics;
  const { rows_without_view: unread } = statistics;
  return (
    <div class="numbers" data-shown={uncounted === 0 || undefined}>
      <dl class="facts">
        {NAMES.map((name) => (
          <div key={name}>
            <dt>{counting[name]}</dt>
            <dd>
              {NAMES.indexOf(name) > 1 && counted === 0 && uncounted > 0
                ? "…"
                : formatNumber(statistics[name])}
            </dd>
          </div>
        ))}
      </dl>
      {unread > 0 && <p class="quiet">{counting.withoutView(formatNumber(unread))}</p>}
      {unread === 0 && uncounted === 0 && labels === 0 && rows > 0 && (
        <p class="quiet">{counting.noLabels}</p>
      )}
      <div class="charts">
        {statistics.bars.map(({ name, bars }) => (
          <Bars key={name} name={name} bars={bars} selection={selection} />
        ))}
      </div>
    </div>
  );
}
