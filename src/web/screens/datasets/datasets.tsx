import { useEffect, useMemo, useState } from "preact/hooks";
import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import { usePartitions } from "../../api/use-partitions.ts";
import { Empty, Failure, Loading } from "../../parts/notice.tsx";
import { address, change } from "../../state/address.ts";
import { hasWords } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";
import { formatBytes, formatNumber, texts } from "../../texts/texts.ts";
import { DatasetRow } from "./dataset-row.tsx";
import { groupDatasets, SORTS, type Sort, sortDatasets, tasksOf } from "./group.ts";

/** What the lake holds: a matrix of datasets and tasks, the variants in its cells. */
export function DatasetsScreen() {
  const [again, setAgain] = useState(0);
  const { partitions, failure } = usePartitions(again);
  const { list } = texts();
  if (failure) return <Failure failure={failure} onRetry={() => setAgain(again + 1)} />;
  if (!partitions) return <Loading />;
  if (partitions.length === 0) {
    return (
      <Empty title={list.none}>
        <p>{list.noneHint}</p>
      </Empty>
    );
  }
  return <Matrix partitions={partitions} />;
}

function Matrix({ partitions }: { partitions: CatalogPartition[] }) {
  const { list } = texts();
  const { query } = address.value;
  const sort = SORTS.find((one) => one === query.get("sort")) ?? "dataset";
  const filter = query.get("filter") ?? "";
  const all = useMemo(() => groupDatasets(partitions), [partitions]);
  const tasks = useMemo(() => tasksOf(partitions), [partitions]);
  const wanted = filter.normalize("NFC").toLowerCase();
  const shown = useMemo(() => {
    const named = ({ provider, dataset }: { provider: string; dataset: string }) =>
      `${provider}/${dataset}`.normalize("NFC").toLowerCase().includes(wanted);
    return sortDatasets(all.filter(named), sort);
  }, [all, wanted, sort]);
  const drawn = useGrowing(shown.length);
  const sum = (of: "rows" | "bytes") => shown.reduce((total, one) => total + one[of], 0);
  const counted = shown.reduce((total, one) => total + one.partitions.length, 0);
  return (
    <section class="datasets" data-shown>
      <div class="bar">
        <h1>{list.heading}</h1>
        <input
          type="search"
          aria-label={list.filter}
          placeholder={list.filter}
          value={filter}
          onInput={({ currentTarget }) => change({ filter: currentTarget.value }, "replace")}
        />
        <p class="quiet" role="status">
          {list.total(
            formatNumber(shown.length),
            formatNumber(counted),
            formatNumber(sum("rows")),
            formatBytes(sum("bytes")),
          )}
        </p>
      </div>
      {shown.length === 0 ? (
        <Empty title={list.noMatch(filter)} isPart>
          <p>
            <a href={urlOf("/browse", { text: filter, each_word: hasWords(filter) ? "true" : undefined })}>
              {list.searchTexts(filter)}
            </a>
          </p>
        </Empty>
      ) : (
        <table class="matrix">
          <thead>
            <tr>
              <SortHead name="dataset" title={list.dataset} sort={sort} />
              {tasks.map((task) => (
                <th key={task} scope="col">
                  {task}
                </th>
              ))}
              <th scope="col" class="number">
                {list.pages}
              </th>
              <SortHead name="rows" title={list.rows} sort={sort} />
              <SortHead name="size" title={list.size} sort={sort} />
              <SortHead name="last" title={list.last} sort={sort} />
              <th scope="col">{list.actions}</th>
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, drawn).map((dataset) => (
              <DatasetRow key={`${dataset.provider}/${dataset.dataset}`} dataset={dataset} tasks={tasks} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

const AT_ONCE = 30;

/** How many of `total` rows to draw: what fits on a screen at once, the others after it was painted. */
function useGrowing(total: number): number {
  const [drawn, setDrawn] = useState(AT_ONCE);
  useEffect(() => {
    if (drawn >= total) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const frame = requestAnimationFrame(() => {
      timer = setTimeout(() => setDrawn(drawn * 2));
    });
    return () => {
      cancelAnimationFrame(frame);
      clearTimeout(timer);
    };
  }, [drawn, total]);
  return drawn;
}

function SortHead({ name, title, sort }: { name: Sort; title: string; sort: Sort }) {
  const direction = name === "dataset" ? "ascending" : "descending";
  return (
    <th
      scope="col"
      class={name === "rows" || name === "size" ? "number" : undefined}
      aria-sort={sort === name ? direction : undefined}
    >
      <button
        type="button"
        class="plain"
        title={texts().list.sortBy(title)}
        onClick={() => change({ sort: name })}
      >
        {title}
        {sort === name && <span aria-hidden="true">{name === "dataset" ? " ▲" : " ▼"}</span>}
      </button>
    </th>
  );
}
