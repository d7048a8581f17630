import { useState } from "preact/hooks";
import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { useOperation } from "../../api/use-operation.ts";
import { usePartitions } from "../../api/use-partitions.ts";
import { Empty, Failure } from "../../parts/notice.tsx";
import { Progress } from "../../parts/progress.tsx";
import { address } from "../../state/address.ts";
import { versions } from "../../state/changes.ts";
import { parametersOf, type RowSelection, readSelection, selectionQuery } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { SelectionSide } from "../browse/selection-side.tsx";
import { Bars } from "./bars.tsx";

/** More rows are counted only when that is asked for: every label is read. */
const AT_ONCE = 200_000;

/** What the pages and labels of a selection hold. */
export function StatisticsScreen() {
  const selection = readSelection(address.value.query);
  const generation = versions.value.generation;
  const { partitions } = usePartitions();
  const rows = partitions && rowsOf(partitions, selection);
  const wanted = selectionQuery(selection);
  const { list } = texts();
  return (
    <div class="browse">
      <SelectionSide selection={selection} partitions={partitions ?? []} />
      {partitions?.length === 0 && (
        <Empty title={list.none}>
          <p>{list.noneHint}</p>
        </Empty>
      )}
      {partitions !== undefined && partitions.length > 0 && rows !== undefined && (
        <Counted key={wanted} selection={selection} rows={rows} wanted={wanted} generation={generation} />
      )}
    </div>
  );
}

interface CountedProps {
  selection: RowSelection;
  rows: number;
  wanted: string;
  generation: number;
}

function Counted({ selection, rows, wanted, generation }: CountedProps) {
  const { counting, browse } = texts();
  const [isAsked, setAsked] = useState(rows <= AT_ONCE);
  const { ignore_case, ...given } = parametersOf(selection);
  const body = {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== "")),
    ...(ignore_case !== undefined && { ignore_case: true }),
  };
  const { result, failure, progress } = useOperation<StatisticsDocument>(
    "statistics",
    isAsked ? body : undefined,
    generation,
  );
  return (
    <section class="results counted" data-shown={result !== undefined || undefined}>
      <div class="bar toolbar">
        <h1>{counting.heading}</h1>
        <span class="push" />
        <a href={`${urlOf("/browse")}${wanted && `?${wanted}`}`}>{browse}</a>
      </div>
      {!isAsked && (
        <div class="notice">
          <p>{counting.many(formatNumber(rows))}</p>
          <button type="button" class="primary" onClick={() => setAsked(true)}>
            {counting.start}
          </button>
        </div>
      )}
      {failure && <Failure failure={failure} />}
      {isAsked && !result && !failure && (
        <Progress label={counting.running} done={progress?.rows_done} total={progress?.rows_total} />
      )}
      {result && <Numbers result={result} selection={selection} />}
    </section>
  );
}

function Numbers({ result, selection }: { result: StatisticsDocument; selection: RowSelection }) {
  const { counting } = texts();
  const names = ["rows", "pages", "labels", "regions", "words", "characters"] as const;
  const searchFor = (name: string) =>
    name === "" ? undefined : urlOf("/browse", { ...parametersOf({ ...selection, text: name }) });
  return (
    <div class="numbers">
      <dl class="facts">
        {names.map((name) => (
          <div key={name}>
            <dt>{counting[name]}</dt>
            <dd>{formatNumber(result[name])}</dd>
          </div>
        ))}
      </dl>
      {result.labels === 0 && result.rows > 0 && <p class="quiet">{counting.noLabels}</p>}
      <div class="charts">
        <Bars
          title={counting.categories}
          bars={result.categories}
          empty={counting.noCategory}
          urlOf={searchFor}
        />
        <Bars title={counting.regionsPerPage} bars={result.regions_per_page} isRange />
        <Bars title={counting.textLength} bars={result.text_length} isRange />
        <Bars title={counting.scripts} bars={result.scripts} />
        <Bars title={counting.sizes} bars={result.sizes} isRange />
        <Bars title={counting.formats} bars={result.formats} />
      </div>
    </div>
  );
}

function rowsOf(
  partitions: readonly CatalogPartition[],
  { providers, datasets, tasks, variants }: RowSelection,
) {
  const takes = (chosen: readonly string[], name: string) => chosen.length === 0 || chosen.includes(name);
  return partitions
    .filter(
      ({ provider, dataset, task, variant }) =>
        takes(providers, provider) &&
        takes(datasets, dataset) &&
        takes(tasks, task) &&
        takes(variants, variant),
    )
    .reduce((sum, { rows }) => sum + rows, 0);
}
