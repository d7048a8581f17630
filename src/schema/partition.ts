import * as v from "valibot";
import { NameSchema } from "./names.ts";

export const RAW_TASK = "raw";
export const RAW_VARIANTS = ["image", "text", "files", "mixed"] as const;
export type RawVariant = (typeof RAW_VARIANTS)[number];

/** The columns that the path of a partition stands for, outermost first. */
export const PARTITION_COLUMNS = ["provider", "dataset", "task", "variant"] as const;

export const DatasetKeySchema = v.object({ provider: NameSchema, dataset: NameSchema });
export type DatasetKey = v.InferOutput<typeof DatasetKeySchema>;

export const PartitionKeySchema = v.object({
  provider: NameSchema,
  dataset: NameSchema,
  task: NameSchema,
  variant: NameSchema,
});
export type PartitionKey = v.InferOutput<typeof PartitionKeySchema>;

/** `huggingface/coco/ocr/base`: how a partition is written for people, and its key in maps. */
export function formatPartition(key: PartitionKey): string {
  return `${key.provider}/${key.dataset}/${key.task}/${key.variant}`;
}

export function formatDataset(key: DatasetKey): string {
  return `${key.provider}/${key.dataset}`;
}

export function comparePartitions(a: PartitionKey, b: PartitionKey): number {
  for (const column of PARTITION_COLUMNS) {
    if (a[column] !== b[column]) return a[column] < b[column] ? -1 : 1;
  }
  return 0;
}

/** Which partitions a query or download takes; an empty or absent list means all. */
export const SelectionSchema = v.object({
  providers: v.optional(v.array(v.string())),
  datasets: v.optional(v.array(v.string())),
  tasks: v.optional(v.array(v.string())),
  variants: v.optional(v.array(v.string())),
});
export type Selection = v.InferOutput<typeof SelectionSchema>;

export function isSelected(key: PartitionKey, selection: Selection): boolean {
  const within = (list: string[] | undefined, value: string) =>
    list === undefined || list.length === 0 || list.includes(value);
  return (
    within(selection.providers, key.provider) &&
    within(selection.datasets, key.dataset) &&
    within(selection.tasks, key.task) &&
    within(selection.variants, key.variant)
  );
}
