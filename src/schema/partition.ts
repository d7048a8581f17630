import * as v from "valibot";
import { listOf, textUpTo } from "./bounds.ts";
import { NameSchema } from "./names.ts";

export const RAW_TASK = "raw";
export const RAW_VARIANTS = ["image", "text", "files", "mixed"] as const;
export type RawVariant = (typeof RAW_VARIANTS)[number];

/** Columns encoded in a partition's path, outermost first. */
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

/** `huggingface/coco/ocr/base`: display form and map key. */
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

/** User input in any Unicode form; far longer than any name. */
const SelectedNamesSchema = v.optional(listOf(textUpTo(1000), 10_000));

/** Partitions of a query or download; an empty or absent list means all. */
export const SelectionSchema = v.object({
  providers: SelectedNamesSchema,
  datasets: SelectedNamesSchema,
  tasks: SelectedNamesSchema,
  variants: SelectedNamesSchema,
});
export type Selection = v.InferOutput<typeof SelectionSchema>;

/** Returns a test whether a selection includes a partition. */
export function createSelector(selection: Selection): (key: PartitionKey) => boolean {
  const taker = (names: string[] | undefined) => {
    if (names === undefined || names.length === 0) return () => true;
    const wanted = new Set(names);
    return (name: string) => wanted.has(name);
  };
  const takers = PARTITION_COLUMNS.map((column) => ({ column, takes: taker(selection[SELECTED[column]]) }));
  return (key) => takers.every(({ column, takes }) => takes(key[column]));
}

/** Whether a selection may leave any partition out. */
export function isSelective(selection: Selection): boolean {
  return Object.values(SELECTED).some((names) => (selection[names]?.length ?? 0) > 0);
}

export function pickKey({ provider, dataset, task, variant }: PartitionKey): PartitionKey {
  return { provider, dataset, task, variant };
}

/** The selection's field for the values of a column. */
export const SELECTED = {
  provider: "providers",
  dataset: "datasets",
  task: "tasks",
  variant: "variants",
} as const satisfies Record<(typeof PARTITION_COLUMNS)[number], keyof Selection>;
