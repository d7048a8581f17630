import { AppError } from "../../errors.ts";
import { type GivenView, resolveView } from "../../schema/labels/given-view.ts";
import { viewOf } from "../../schema/labels/task-view.ts";
import type { View } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../schema/partition.ts";
import type { Taxonomy } from "../../schema/taxonomy.ts";

export interface LabelPlan {
  views: ReadonlyMap<string, View>;
  /** Tasks of these partitions, used to filter the query. */
  tasks: string[];
  withoutView: string[];
}

/**
 * Chooses the view of each selected partition: the given one, else that of the partition or its task. `raw`
 * pages have no labels and are skipped, unless a view is given and nothing else is selected. Throws
 * `not_found` without partitions or views.
 */
export function planLabels(
  partitions: readonly PartitionKey[],
  taxonomy: Pick<Taxonomy, "tasks">,
  given: GivenView | undefined,
): LabelPlan {
  if (partitions.length === 0)
    throw new AppError("not_found", "no partition is selected; see `datalake catalog partitions`");
  const ofLabels = partitions.filter(({ task }) => task !== RAW_TASK);
  const own = given === undefined ? undefined : resolveView(given, "the view");
  const views = new Map<string, View>();
  const tasks = new Set<string>();
  const withoutView: string[] = [];
  for (const key of own !== undefined && ofLabels.length === 0 ? partitions : ofLabels) {
    const view = own ?? viewOf(taxonomy, key)?.view;
    const name = formatPartition(key);
    if (view === undefined) {
      withoutView.push(name);
      continue;
    }
    views.set(name, view);
    tasks.add(key.task);
  }
  if (views.size === 0) throw noView(ofLabels);
  return { views, tasks: [...tasks], withoutView };
}

function noView(partitions: readonly PartitionKey[]): AppError {
  const [first] = partitions;
  if (first === undefined)
    return new AppError("not_found", "only pages are selected; select a task that has labels");
  const tasks = [...new Set(partitions.map(({ task }) => task))];
  return new AppError(
    "not_found",
    `no view says what the labels of ${tasks.join(", ")} mean; find it with \`datalake view detect --task ${first.task}\`, then give --view FILE, or \`datalake config task edit ${first.task} --view FILE\``,
    { details: { tasks } },
  );
}
