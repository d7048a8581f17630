import { AppError } from "../../errors.ts";
import { type GivenView, resolveView } from "../../schema/labels/given-view.ts";
import { adviseView, viewOf } from "../../schema/labels/task-view.ts";
import type { View } from "../../schema/labels/view.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../schema/partition.ts";
import type { Taxonomy } from "../../schema/taxonomy.ts";

export interface LabelPlan {
  views: ReadonlyMap<string, View>;
  /** Tasks of these partitions, used to filter the query. */
  tasks: string[];
  withoutView: string[];
  /** Partitions of pages without a view, which may have labels all the same. */
  pages: PartitionKey[];
}

/**
 * Chooses the view of each selected partition: the given one, else that of the partition or its task. Pages (`raw`) are
 * taken where they have a view of their own, or where a view is given and nothing else is selected. Throws `not_found`
 * without partitions or views.
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
  const pages: PartitionKey[] = [];
  for (const key of own !== undefined && ofLabels.length > 0 ? ofLabels : partitions) {
    const view = own ?? viewOf(taxonomy, key)?.view;
    const name = formatPartition(key);
    if (view === undefined) {
      if (key.task === RAW_TASK) pages.push(key);
      else withoutView.push(name);
      continue;
    }
    views.set(name, view);
    tasks.add(key.task);
  }
  if (views.size === 0) throw noView(partitions);
  return { views, tasks: [...tasks], withoutView, pages };
}

function noView(partitions: readonly PartitionKey[]): AppError {
  const ofLabels = partitions.filter(({ task }) => task !== RAW_TASK);
  const [first = partitions[0] as PartitionKey] = ofLabels;
  const tasks = [...new Set(ofLabels.map(({ task }) => task))];
  const lacking =
    ofLabels.length === 0
      ? "only pages are selected, and no view says where they have labels; select a task of labels, or "
      : `no view says what the labels of ${tasks.join(", ")} mean; `;
  return new AppError("not_found", `${lacking}${adviseView(first)}`, { details: { tasks } });
}
