import { formatPartition, type PartitionKey, RAW_TASK } from "../partition.ts";
import type { Taxonomy } from "../taxonomy.ts";
import { type GivenView, resolveView } from "./given-view.ts";
import type { View } from "./view.ts";

/** The view of a partition's labels: its own, else that of its task; undefined where neither has one. */
export function viewOf(
  taxonomy: Pick<Taxonomy, "tasks">,
  key: PartitionKey,
): { given: GivenView; view: View } | undefined {
  const task = Object.hasOwn(taxonomy.tasks, key.task) ? taxonomy.tasks[key.task] : undefined;
  const given = task?.views?.[partitionOfTask(key)] ?? task?.view;
  return given === undefined
    ? undefined
    : { given, view: resolveView(given, `the view of ${formatPartition(key)}`) };
}

/** How to find and give the view of a partition's labels. */
export function adviseView(key: PartitionKey): string {
  const { provider, dataset, task, variant } = key;
  const keep = `\`datalake config task edit ${task} --view view.yaml${task === RAW_TASK ? ` --partition ${partitionOfTask(key)}` : ""}\``;
  return `find it with \`datalake view detect --task ${task} --provider ${provider} --dataset ${dataset} --variant ${variant} > view.yaml\`, then give --view view.yaml, or keep it with ${keep}`;
}

/** A partition within its task: `PROVIDER/DATASET/VARIANT`. */
export function partitionOfTask({ provider, dataset, variant }: PartitionKey): string {
  return `${provider}/${dataset}/${variant}`;
}

/** How a view is called in a list: the shape that it is or is based on, or where its regions are. */
export function nameView(given: GivenView): string {
  if (typeof given === "string") return given;
  const { shape, items } = given;
  return typeof shape === "string" ? `${shape}, changed` : `at ${String(items ?? "$")}`;
}
