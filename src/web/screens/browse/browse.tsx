import type { ComponentChildren } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import type { BrowseDocument, StatisticsDocument } from "../../../schema/page-documents.ts";
import { type RequestFailure, request } from "../../api/request.ts";
import type { Loaded } from "../../api/use-document.ts";
import { usePartitions } from "../../api/use-partitions.ts";
import { useStatistics } from "../../api/use-statistics.ts";
import { VirtualGrid } from "../../grid/virtual-grid.tsx";
import { Empty, Failure } from "../../parts/notice.tsx";
import { address, change } from "../../state/address.ts";
import { versions } from "../../state/changes.ts";
import { choice } from "../../state/choice.ts";
import { countings } from "../../state/countings.ts";
import { isOfLabels, readSelection, rowsQuery } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { TakeDialog } from "../take/take-dialog.tsx";
import { CountLabels } from "./count-labels.tsx";
import { takesAny } from "./facets.ts";
import { NoRows } from "./no-rows.tsx";
import { RowCell } from "./row-cell.tsx";
import { createRowChunks } from "./row-chunks.ts";
import { Searching } from "./searching.tsx";
import { SelectionSide } from "./selection-side.tsx";
import { Toolbar } from "./toolbar.tsx";
import { useChooser } from "./use-chooser.ts";
import { useHits } from "./use-hits.ts";

const CELL = { minCellWidth: 168, cellHeight: 248 };
/** What a common screen shows, before it is known how large this one is. */
const FIRST_ROWS = 40;
/** A few frames. Not all browsers say when they are idle. */
const IDLE_MS = 60;

/** A grid of the pages of any selection. */
export function BrowseScreen() {
  const { query } = address.value;
  const selection = readSelection(query);
  const wanted = rowsQuery(query);
  const generation = versions.value.generation + countings.value;
  const { partitions } = usePartitions();
  const { list } = texts();
  // A link may name a dataset that is no more, or one that comes later.
  const isNowhere = partitions !== undefined && !takesAny(partitions, selection);
  const statistics = useStatistics(partitions === undefined || isNowhere ? undefined : selection);
  return (
    <div class="browse">
      <SelectionSide selection={selection} partitions={partitions ?? []} statistics={statistics.value} />
      {partitions?.length === 0 ? (
        <Empty title={list.none}>
          <p>{list.noneHint}</p>
        </Empty>
      ) : isNowhere ? (
        <NoRows />
      ) : (
        <Found statistics={statistics} query={query}>
          <Results key={wanted} {...{ wanted, generation, statistics }} />
        </Found>
      )}
    </div>
  );
}

/** Rows by what labels hold come once those are counted. */
function Found({
  statistics,
  query,
  children,
}: {
  statistics: Loaded<StatisticsDocument>;
  query: URLSearchParams;
  children: ComponentChildren;
}) {
  const { value, failure, isLoading } = statistics;
  if (!isOfLabels(query)) return children;
  if (failure) return <Failure failure={failure} />;
  if (value === undefined || (isLoading && value.rows_uncounted > 0)) return <Searching />;
  return value.rows_uncounted > 0 ? <CountLabels isAtOnce /> : children;
}

interface ResultsProps {
  wanted: string;
  generation: number;
  statistics: Loaded<StatisticsDocument>;
}

function Results({ wanted, generation, statistics }: ResultsProps) {
  const { browsing } = texts();
  const [found, setFound] = useState<BrowseDocument>();
  const [failure, setFailure] = useState<RequestFailure>();
  const chosen = choice.value;
  const [isTaking, setTaking] = useState(false);
  const chunks = useMemo(
    () =>
      createRowChunks({
        fetchRows: (at, count, signal) =>
          request(`/rows?${wanted}${wanted && "&"}at=${at}&count=${count}`, { signal }),
        onRows: setFound,
        onFailure: (error) => setFailure(error as RequestFailure),
        whenIdle: (work) => setTimeout(work, IDLE_MS),
      }),
    [wanted, generation],
  );
  const chooser = useChooser(wanted, chunks);
  const active = Math.max(0, Number(address.value.query.get("at") ?? 0) || 0);
  useEffect(() => {
    setFailure(undefined);
    chunks.need(active, active + FIRST_ROWS);
    return chunks.close;
  }, [chunks]);
  const hits = useHits(wanted, generation);
  const onRange = useCallback(
    (first: number, end: number) => {
      if (end > first) chunks.need(first, end);
      hits.onRange(first, end);
    },
    [chunks],
  );
  if (failure) return <Failure failure={failure} onRetry={() => location.reload()} />;
  if (!found) return <Searching />;
  const { total } = found;
  return (
    <section
      class="results"
      data-shown={chunks.rowAt(Math.min(active, total - 1)) !== undefined || total === 0 || undefined}
    >
      <Toolbar total={total} active={active} problem={chooser.problem} onTake={() => setTaking(true)} />
      {total === 0 ? (
        <NoRows isPart />
      ) : (
        <VirtualGrid
          {...CELL}
          total={total}
          label={browsing.found(formatNumber(total))}
          active={Math.min(active, total - 1)}
          onActive={(index) => change({ at: index === 0 ? undefined : index }, "replace")}
          onRange={onRange}
          onChoose={(index, isRange) => chooser.choosePlace(index, isRange)}
          onExtend={(from, to) => {
            chooser.beginAt(from);
            chooser.choosePlace(to, true);
          }}
          renderCell={(place, isActive) => {
            const row = chunks.rowAt(place);
            return (
              <RowCell
                row={row}
                hits={row && hits.hitsOf(row.key)}
                place={place}
                url={row ? `${urlOf(`/page/${row.key}`)}?${wanted}${wanted && "&"}at=${place}` : ""}
                isActive={isActive}
                isChosen={row !== undefined && chosen.has(row.key)}
                onChoose={(isRange) => chooser.choosePlace(place, isRange)}
              />
            );
          }}
        />
      )}
      {isTaking && <TakeDialog {...{ wanted, total, statistics }} onClose={() => setTaking(false)} />}
    </section>
  );
}
