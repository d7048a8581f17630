import { urlOf } from "../../state/url.ts";
import { formatBytes, formatNumber, formatTime, texts } from "../../texts/texts.ts";
import type { Dataset } from "./group.ts";

/** One dataset: its variants by task, each a link to its rows. */
export function DatasetRow({ dataset: one, tasks }: { dataset: Dataset; tasks: readonly string[] }) {
  const { list } = texts();
  const { provider, dataset, partitions, last } = one;
  const selection = { providers: provider, datasets: dataset };
  const compared = comparedTask(one);
  return (
    <tr>
      <th scope="row">
        <a href={urlOf("/browse", selection)}>{dataset}</a>
        <span class="quiet">{provider}</span>
        {one.licenses.length > 0 && (
          <span class="quiet license" title={list.license}>
            {one.licenses.join(", ")}
          </span>
        )}
      </th>
      {tasks.map((task) => (
        <td key={task} data-label={task} class="variants">
          {partitions
            .filter((partition) => partition.task === task)
            .map(({ variant, rows }) => (
              <a
                key={variant}
                class="chip"
                href={urlOf("/browse", { ...selection, tasks: task, variants: variant })}
              >
                {variant} <span class="count">{formatNumber(rows)}</span>
              </a>
            ))}
        </td>
      ))}
      <td class="number" data-label={list.pages}>
        {one.pages === 0 ? "–" : formatNumber(one.pages)}
      </td>
      <td class="number" data-label={list.rows}>
        {formatNumber(one.rows)}
      </td>
      <td class="number" data-label={list.size}>
        {formatBytes(one.bytes)}
      </td>
      <td data-label={list.last}>
        {last?.uploaded_at ? formatTime(last.uploaded_at) : list.unknown}
        {last && last.uploaded_by !== "" && <span class="quiet">{list.by(last.uploaded_by)}</span>}
      </td>
      <td class="actions">
        <a href={urlOf("/statistics", selection)}>{list.statistics}</a>
        {compared && (
          <a href={urlOf(`/compare/${[provider, dataset, compared].map(encodeURIComponent).join("/")}`)}>
            {list.compare}
          </a>
        )}
      </td>
    </tr>
  );
}

/** A task with two variants at least. */
function comparedTask({ partitions }: Dataset): string | undefined {
  const seen = new Set<string>();
  return partitions.find(({ task }) => task !== "raw" && (seen.has(task) || !seen.add(task)))?.task;
}
