import * as v from "valibot";
import { SYSTEM_COLUMNS } from "./columns.ts";
import { quoteExcerpt } from "./excerpt.ts";
import { GivenViewSchema } from "./labels/given-view.ts";
import { NameSchema, nameProblem } from "./names.ts";
import { PARTITION_COLUMNS } from "./partition.ts";

const Description = v.optional(v.string(), "");

export const ProviderSchema = v.strictObject({ description: Description });

const TAKEN: ReadonlySet<string> = new Set([
  ...PARTITION_COLUMNS,
  ...SYSTEM_COLUMNS.map((column) => column.name),
]);

/** Why `name` cannot be a field of a task, which becomes a column; undefined if it can. */
export function fieldProblem(name: string): string | undefined {
  const problem = nameProblem(name);
  if (problem) return problem;
  if (TAKEN.has(name)) return "is a column of the lake itself";
  if (name !== name.toLowerCase() || /[.-]/.test(name)) return "is not in lower_snake_case";
  return undefined;
}

const FieldSchema = v.pipe(
  v.string(),
  v.check(
    (name) => fieldProblem(name) === undefined,
    (issue) =>
      `the field ${quoteExcerpt(String(issue.input))} ${fieldProblem(String(issue.input)) ?? "is refused"}`,
  ),
);

/** A task's partition by its other names: `aihub/영수증/v1`. */
export const TaskPartitionSchema = v.pipe(
  v.string(),
  v.check(
    (text) =>
      text.split("/").length === 3 && text.split("/").every((name) => nameProblem(name) === undefined),
    (issue) => `${quoteExcerpt(String(issue.input))} is not of the form PROVIDER/DATASET/VARIANT`,
  ),
);

/** A task: required fields with optional allowed values, its view, and views of single partitions. */
export const TaskSchema = v.strictObject({
  description: Description,
  required: v.optional(v.array(FieldSchema), []),
  allow: v.optional(v.record(FieldSchema, v.pipe(v.array(v.string()), v.minLength(1))), {}),
  view: v.optional(GivenViewSchema),
  views: v.optional(v.record(TaskPartitionSchema, GivenViewSchema)),
});

/** `config/schema.yaml`: the providers and tasks of a lake. */
export const TaxonomySchema = v.strictObject({
  providers: v.nullish(v.record(NameSchema, v.nullish(ProviderSchema, {})), {}),
  tasks: v.nullish(v.record(NameSchema, v.nullish(TaskSchema, {})), {}),
});

export type Provider = v.InferOutput<typeof ProviderSchema>;
export type Task = v.InferOutput<typeof TaskSchema>;
export type Taxonomy = v.InferOutput<typeof TaxonomySchema>;

export interface TaskChange {
  description?: string | undefined;
  /** Null removes it. */
  view?: Task["view"] | null | undefined;
  /** The view's partition, `PROVIDER/DATASET/VARIANT`; default the whole task. */
  partition?: string | undefined;
}

/** Columns that rows are told apart by: the fields of all tasks, and the split. */
export function fieldsOf({ tasks }: Pick<Taxonomy, "tasks">): string[] {
  const fields = Object.values(tasks ?? {}).flatMap((task) => task?.required ?? []);
  return [...new Set([...fields, "split"])];
}
