import { join } from "node:path";
import { AppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { listPartitions, readPartitionMetadata, readSoundManifest } from "../lake/manifests.ts";
import { listUploads } from "../lake/staged-entries.ts";
import { commonType, earlierType, meetExactly } from "../schema/column-types.ts";
import type { Column, Features } from "../schema/columns.ts";
import { viewOf } from "../schema/labels/task-view.ts";
import { refuseClash } from "../schema/name-clash.ts";
import { saidType, type TypedColumn } from "../schema/open-types.ts";
import {
  type DatasetKey,
  formatDataset,
  formatPartition,
  type PartitionKey,
  RAW_TASK,
} from "../schema/partition.ts";
import { TASK_SHAPES } from "../schema/task-shapes.ts";
import type { Task, Taxonomy } from "../schema/taxonomy.ts";
import type { UploadManifest, UploadMode } from "../schema/upload.ts";
import { didYouMean } from "../util/nearest.ts";
import { heldMeanings, jsonColumns } from "./held-meanings.ts";
import { createdBy } from "./staged-already.ts";

/** Manifests of uploads that wait or are in work. One that settles while we look is in the catalog then. */
export async function readWaitingUploads(lake: Lake): Promise<UploadManifest[]> {
  const waiting: UploadManifest[] = [];
  for (const state of ["pending", "processing"] as const) {
    for (const id of await listUploads(lake, state)) {
      const manifest = await readSoundManifest(join(lake.layout[state], id));
      if (manifest) waiting.push(manifest);
    }
  }
  return waiting;
}

/** Throws `not_found` naming the providers there are, and `name_clash` for one in other case. */
export function requireProvider(taxonomy: Taxonomy, provider: string): void {
  if (Object.hasOwn(taxonomy.providers, provider)) return;
  const names = Object.keys(taxonomy.providers);
  const known = names.join(", ") || "none yet";
  refuseOtherCase("provider", provider, names);
  throw new AppError(
    "not_found",
    `provider ${provider} does not exist (there are: ${known});${didYouMean(provider, names)} add it with \`datalake config provider create ${provider}\``,
    { details: { provider } },
  );
}

type Fields = Readonly<Record<string, string>>;

/**
 * Provider and, of labels, task of an upload. Throws `not_found` with all that has to be added to the lake first, and
 * `name_clash`.
 */
export function requirePlace(
  taxonomy: Taxonomy,
  { provider, task, meta = {} }: { provider?: string; task?: string; meta?: Fields },
): void {
  const lacking: AppError[] = [];
  for (const check of [
    () => provider && requireProvider(taxonomy, provider),
    () => task && requireTask(taxonomy, task, meta),
  ]) {
    try {
      check();
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "not_found") throw error;
      lacking.push(error);
    }
  }
  const [first, second] = lacking;
  if (first === undefined) return;
  if (second === undefined) throw first;
  const details = { ...first.details, ...second.details };
  throw new AppError("not_found", `${first.message}; ${second.message}`, { details });
}

/**
 * The task of that name; throws `not_found` naming the tasks there are, with the command that makes one of the fields that
 * are given, and `name_clash` for one in other case.
 */
export function requireTask(taxonomy: Taxonomy, task: string, meta: Fields = {}): Task {
  const found = Object.hasOwn(taxonomy.tasks, task) ? taxonomy.tasks[task] : undefined;
  if (found !== undefined)
    return { description: "", required: found?.required ?? [], allow: found?.allow ?? {} };
  // Pages may have a view there, and are no task of labels.
  const names = Object.keys(taxonomy.tasks).filter((name) => name !== RAW_TASK);
  const known = names.join(", ") || "none yet";
  refuseOtherCase("task", task, names);
  throw new AppError(
    "not_found",
    `task ${task} does not exist (there are: ${known});${didYouMean(task, names)} ${howToCreate(task, meta)}`,
    { details: { task } },
  );
}

/** The command that makes a task which takes these fields, and the fields that an upload of it has to have besides. */
function howToCreate(task: string, meta: Fields): string {
  const command = `add it with \`datalake config task create ${task}`;
  const given = Object.keys(meta);
  const usual = TASK_SHAPES.get(task);
  const isUsual =
    usual !== undefined &&
    given.every((field) => usual.allow[field]?.includes(meta[field] ?? "") ?? usual.required.includes(field));
  if (!isUsual) return `${command}${given.length > 0 ? ` --required ${given.join(",")}` : ""}\``;
  const needed = usual.required.filter((field) => !meta[field]).map((field) => fieldFlag(usual, field));
  return `${command}\`${needed.length > 0 ? `, and give this upload ${needed.join(" ")}` : ""}`;
}

/** The flag of a field that is missing, with its values. */
export function fieldFlag({ allow }: Task, field: string): string {
  return `--meta ${field}=${allow[field]?.join("|") ?? "VALUE"}`;
}

/** Throws `usage` where no view says what a strict upload of labels has to fit. */
export function requireView(taxonomy: Taxonomy, key: PartitionKey): void {
  if (viewOf(taxonomy, key) !== undefined) return;
  throw new AppError(
    "usage",
    `--strict: the task ${key.task} has no view that labels have to fit; add it with \`datalake config task edit ${key.task} --view FILE\``,
  );
}

/** Advice to add it would lead nowhere. */
function refuseOtherCase(kind: string, name: string, names: readonly string[]): void {
  refuseClash(kind, name, new Map(names.map((other) => [other, "config/schema.yaml"])));
}

/** Fields a task asks for, required ones first. */
export function taskFields(task: Task): string[] {
  return Array.from(new Set([...task.required, ...Object.keys(task.allow)]));
}

/** Checks `--meta` against the task: nothing missing, unknown or outside the allowed values. Throws `usage`. */
export function checkFields(name: string, task: Task, meta: Readonly<Record<string, string>>): void {
  const fields = taskFields(task);
  for (const field of Object.keys(meta)) {
    if (fields.includes(field)) continue;
    const known = fields.join(", ") || "none";
    throw new AppError(
      "usage",
      `--meta ${field}: task ${name} has no such field (it has: ${known}); leave it out`,
      {
        details: { field },
      },
    );
  }
  for (const field of task.required) {
    if (meta[field]) continue;
    const values = task.allow[field]?.join(", ");
    throw new AppError(
      "usage",
      `task ${name} needs the field ${field}${values ? ` (one of: ${values})` : ""}; add --meta ${field}=VALUE`,
      { details: { field } },
    );
  }
  for (const [field, value] of Object.entries(meta)) {
    const allowed = task.allow[field];
    if (allowed === undefined || allowed.includes(value)) continue;
    throw new AppError(
      "usage",
      `--meta ${field}=${value}: task ${name} allows ${allowed.join(", ")}; choose one of them`,
      { details: { field, value, allowed } },
    );
  }
}

/**
 * Checks the mode against what the partition holds or will hold: `create` wants it new (`partition_exists`), `append`
 * wants columns whose types meet in one that holds every value of both (`type_mismatch`, naming them). Gives the columns
 * that an append adds to, each once, without those that are open to any type, and the features of those that are more than their type:
 * labels, durations, JSON text of mixed values.
 */
export async function checkMode(
  lake: Lake,
  key: PartitionKey,
  mode: UploadMode,
  columns: readonly Column[],
  waiting: readonly UploadManifest[],
): Promise<{ columns: Column[]; features: Features[] }> {
  const there = await readHeld(lake, key);
  const queued = waiting
    .filter((manifest) => formatPartition(manifest) === formatPartition(key))
    .sort((a, b) => (a.upload_id < b.upload_id ? -1 : 1));
  if (mode === "create" && there) {
    throw new AppError(
      "partition_exists",
      `partition ${formatPartition(key)} exists; add to it with --mode append, or replace it with --mode replace`,
      { details: { partition: formatPartition(key) } },
    );
  }
  const [creating] = queued;
  if (mode === "create" && creating) throw createdBy(creating);
  if (mode !== "append") return { columns: [], features: [] };
  const held = [there ?? { columns: [], features: {} }, ...queued];
  const features = heldMeanings(held.slice(1 + queued.findLastIndex(({ mode }) => mode === "replace")));
  const json = jsonColumns(features);
  for (const other of held) checkTypes(key, other.columns, columns, json);
  const known = held.flatMap((one) => one.columns).filter(({ open }) => !open);
  return { columns: [...new Map(known.map((column) => [column.name, column])).values()], features };
}

/** The columns of a partition that hold values; none of one whose `_metadata.json` is damaged: processing looks at its files. */
async function readHeld(
  lake: Lake,
  key: PartitionKey,
): Promise<{ columns: HeldColumn[]; features: Features } | undefined> {
  try {
    const metadata = await readPartitionMetadata(lake, key);
    if (metadata === undefined) return undefined;
    const { columns, rows, features } = metadata;
    return { columns: columns.filter((column) => column.nulls < rows), features };
  } catch (error) {
    if (error instanceof AppError && error.code === "corrupt") return { columns: [], features: {} };
    throw error;
  }
}

type HeldColumn = Column & TypedColumn;

function checkTypes(
  key: PartitionKey,
  there: readonly HeldColumn[],
  columns: readonly Column[],
  json: ReadonlySet<string>,
): void {
  const held = new Map(there.map((column) => [column.name, column]));
  for (const { name, type } of columns) {
    const column = held.get(name);
    if (column === undefined || meetExactly(saidType(column), type)) continue;
    const other = column.type;
    if (other === earlierType(type)) continue;
    const rounded =
      commonType(other, type) === undefined ? "" : ", and no type holds the values of both exactly";
    throw new AppError(
      "type_mismatch",
      `column ${name} is ${type} here but ${other} in ${formatPartition(key)}${rounded}; convert or rename it, or use --mode replace`,
      {
        details: {
          ...{ column: name, type, partition_type: other },
          text_columns: textColumns(held, columns),
          json_columns: [...json],
        },
      },
    );
  }
}

/** Of columns with another plain type, those that have text in the partition: cells of CSV can be kept so. */
function textColumns(held: ReadonlyMap<string, HeldColumn>, columns: readonly Column[]): string[] {
  const isText = ({ name, type }: Column) => {
    const there = held.get(name);
    return there?.type === "VARCHAR" && !there.open && type !== "VARCHAR" && !type.endsWith("[]");
  };
  return columns.filter(isText).map(({ name }) => name);
}

/** Throws `not_found` unless the dataset has raw data in the catalog, or waiting. */
export async function requireRawData(
  lake: Lake,
  dataset: DatasetKey,
  waiting: readonly UploadManifest[],
): Promise<void> {
  const isRaw = (key: PartitionKey) => key.task === RAW_TASK && formatDataset(key) === formatDataset(dataset);
  if (waiting.some(isRaw)) return;
  const partitions = await listPartitions(lake);
  if (partitions.some(isRaw)) return;
  const beside = [...partitions, ...waiting].filter(
    ({ provider, task }) => provider === dataset.provider && task === RAW_TASK,
  );
  const near = didYouMean(dataset.dataset, new Set(beside.map((key) => key.dataset)));
  throw new AppError(
    "not_found",
    `dataset ${formatDataset(dataset)} has no raw data that rows could refer to;${near} upload its images first with --type raw`,
    { details: { ...dataset } },
  );
}
