import * as v from "valibot";
import { listOf, textUpTo } from "./bounds.ts";
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

/** Names are written as people do, in any Unicode form; none is nearly so long. */
const SelectedNamesSchema = v.optional(listOf(textUpTo(1000), 10_000));

/** Which partitions a query or download takes; an empty or absent list means all. */
export const SelectionSchema = v.object({
  providers: SelectedNamesSchema,
  datasets: SelectedNamesSchema,
  tasks: SelectedNamesSchema,
  variants: SelectedNamesSchema,
});
export type Selection = v.InferOutput<typeof SelectionSchema>;

/** Says of partitions whether a selection takes them. */
export function createSelector(selection: Selection): (key: PartitionKey) => boolean {
  const taker = (names: string[] | undefined) => {
    if (names === undefined || names.length === 0) return () => true;
    const wanted = new Set(names);
    return (name: string) => wanted.has(name);
  };
  const takers = PARTITION_COLUMNS.map((column) => ({ column, takes: taker(selection[SELECTED[column]]) }));
  return (key) => takers.every(({ column, takes }) => takes(key[column]));
}

/** The four names alone, of whatever has them. */
export function pickKey({ provider, dataset, task, variant }: PartitionKey): PartitionKey {
  return { provider, dataset, task, variant };
}

/** The field of a selection that lists the values of a column. */
export const SELECTED = {
  provider: "providers",
  dataset: "datasets",
  task: "tasks",
  variant: "variants",
} as const satisfies Record<(typeof PARTITION_COLUMNS)[number], keyof Selection>;
