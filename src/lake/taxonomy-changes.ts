import { AppError } from "../errors.ts";
import { quoteExcerpt } from "../schema/excerpt.ts";
import { refuseNewName } from "../schema/name-clash.ts";
import { parseName } from "../schema/names.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../schema/partition.ts";
import {
  fieldProblem,
  type Provider,
  type Task,
  type TaskChange,
  type Taxonomy,
} from "../schema/taxonomy.ts";
import type { Lake } from "./lake.ts";
import { listPartitions, readUploadManifest } from "./manifests.ts";
import { listUploads, UPLOAD_STATES } from "./staged-entries.ts";
import { editTaxonomy } from "./taxonomy.ts";

const SHOWN_USES = 20;

/** Creates a provider and returns its name in NFC. Throws `conflict`, `name_clash`, `invalid_name`. */
export async function addProvider(lake: Lake, name: string, provider: Provider): Promise<string> {
  const added = parseName("provider", name);
  await editTaxonomy(lake, async (taxonomy) => {
    await refuseTaken(lake, taxonomy.providers, "provider", added);
    return { ...taxonomy, providers: { ...taxonomy.providers, [added]: provider } };
  });
  return added;
}

/**
 * Creates a task and returns its name in NFC. Throws `conflict`, `name_clash`, `invalid_name` (or fields).
 */
export async function addTask(lake: Lake, name: string, task: Task): Promise<string> {
  const added = parseName("task", name);
  if (added === RAW_TASK) {
    throw new AppError("conflict", `every dataset has the task ${RAW_TASK}; choose another name`);
  }
  for (const field of [...task.required, ...Object.keys(task.allow)]) {
    const problem = fieldProblem(field);
    if (problem) {
      throw new AppError(
        "invalid_name",
        `the field ${quoteExcerpt(field)} of task ${added} ${problem}; rename it`,
      );
    }
  }
  await editTaxonomy(lake, async (taxonomy) => {
    await refuseTaken(lake, { [RAW_TASK]: {}, ...taxonomy.tasks }, "task", added);
    return { ...taxonomy, tasks: { ...taxonomy.tasks, [added]: task } };
  });
  return added;
}

/**
 * Changes description or view of a task, or of `raw`, which every lake has and which is written down only while there is
 * something to say of it. Throws `not_found`.
 */
export async function editTask(lake: Lake, name: string, change: TaskChange): Promise<string> {
  const edited = name.normalize("NFC");
  await editTaxonomy(lake, (taxonomy) => {
    const { [edited]: _, ...others } = taxonomy.tasks;
    const known = edited === RAW_TASK ? { [RAW_TASK]: RAW, ...taxonomy.tasks } : taxonomy.tasks;
    const task = changeTask(requireEntry(known, "task", edited), change);
    const isSaid = edited !== RAW_TASK || Boolean(task.description || task.view || task.views);
    return { ...taxonomy, tasks: isSaid ? { ...taxonomy.tasks, [edited]: task } : others };
  });
  return edited;
}

const RAW: Task = { description: "", required: [], allow: {} };

function changeTask(task: Task, { description, view, partition }: TaskChange): Task {
  const changed = { ...task, description: description ?? task.description };
  if (view === undefined) return changed;
  if (partition === undefined) {
    const { view: _, ...without } = changed;
    return view === null ? without : { ...without, view };
  }
  const key = partition.normalize("NFC");
  const { [key]: _, ...others } = task.views ?? {};
  const views = view === null ? others : { ...others, [key]: view };
  const { views: __, ...without } = changed;
  return Object.keys(views).length === 0 ? without : { ...without, views };
}

function requireEntry<T>(entries: Record<string, T>, kind: string, name: string): T {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry !== undefined) return entry;
  const known = Object.keys(entries).join(", ") || "none";
  throw new AppError("not_found", `there is no ${kind} ${name}; known are: ${known}`);
}

/** Removes a provider. Throws `not_found`, and `in_use` naming the partitions and uploads that need it. */
export async function removeProvider(lake: Lake, name: string): Promise<string> {
  return remove(lake, "provider", name);
}

/** Removes a task. Throws `not_found`, and `in_use` naming the partitions and uploads that need it. */
export async function removeTask(lake: Lake, name: string): Promise<string> {
  return remove(lake, "task", name);
}

async function remove(lake: Lake, kind: "provider" | "task", name: string): Promise<string> {
  const removed = name.normalize("NFC");
  const section = `${kind}s` as const;
  await editTaxonomy(lake, async (taxonomy): Promise<Taxonomy> => {
    requireEntry<unknown>(taxonomy[section], kind, removed);
    await refuseUsed(lake, kind, removed);
    const { [removed]: _, ...kept } = taxonomy[section];
    return { ...taxonomy, [section]: kept };
  });
  return removed;
}

async function refuseTaken(
  lake: Lake,
  entries: Record<string, unknown>,
  kind: "provider" | "task",
  name: string,
): Promise<void> {
  if (Object.hasOwn(entries, name)) {
    throw new AppError(
      "conflict",
      `the ${kind} ${name} already exists; choose another name, or edit config/schema.yaml`,
    );
  }
  const taken = new Map((await listPartitions(lake)).map((key) => [key[kind], formatPartition(key)]));
  for (const other of Object.keys(entries)) taken.set(other, "config/schema.yaml");
  refuseNewName(kind, name, taken);
}

async function refuseUsed(lake: Lake, kind: "provider" | "task", name: string): Promise<void> {
  const uses = (key: PartitionKey) => key[kind] === name;
  const partitions = (await listPartitions(lake)).filter(uses).map(formatPartition);
  const uploads: string[] = [];
  for (const state of UPLOAD_STATES) {
    for (const id of await listUploads(lake, state)) {
      // An incompletely visible manifest may be of this one.
      const manifest = await readUploadManifest(lake.layout.upload(state, id), lake.view).catch((error) => {
        if (error instanceof AppError && error.code === "not_whole") throw error;
        return undefined;
      });
      if (manifest && uses(manifest)) uploads.push(`${state}/${id}`);
    }
  }
  if (partitions.length + uploads.length === 0) return;
  const where = [
    partitions.length === 0 ? undefined : `in the catalog by ${few(partitions)}`,
    uploads.length === 0 ? undefined : `in staging by ${few(uploads)}`,
  ].filter((part) => part !== undefined);
  throw new AppError("in_use", `the ${kind} ${name} is in use ${where.join(" and ")}; remove those first`, {
    details: { partitions: partitions.slice(0, SHOWN_USES), uploads: uploads.slice(0, SHOWN_USES) },
  });
}

function few(names: readonly string[]): string {
  const more = names.length - 3;
  return `${names.slice(0, 3).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
