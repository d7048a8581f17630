import { basename } from "node:path";
import type { Input } from "../../../ingest/input.ts";
import { type InputFacts, inspectInput } from "../../../ingest/inspect.ts";
import { taskFields } from "../../../ingest/lake-checks.ts";
import type { UploadRequest } from "../../../ingest/upload-plan.ts";
import { newNameProblem } from "../../../schema/name-clash.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../../schema/partition.ts";
import type { Task, Taxonomy } from "../../../schema/taxonomy.ts";
import type { UploadMode } from "../../../schema/upload.ts";
import type { Choice, Terminal } from "../../terminal/terminal.ts";
import type { UploadFlags } from "./flags.ts";
import { type Added, askNewProvider, askNewTask } from "./new-place.ts";

/** What it looks like is chosen already: rows that name pages and bring none are labels. */
export function askType(input: Input, terminal: Terminal): Promise<"raw" | "task"> {
  const { refersToPages } = inspectInput(input, "task");
  const choices: Choice<"raw" | "task">[] = [
    { value: "raw", label: "raw data", hint: "images, files or text" },
    { value: "task", label: "labels of a task", hint: "rows that refer to raw data" },
  ];
  return terminal.select("What is it?", choices, refersToPages ? "task" : "raw");
}

export async function askProvider(taxonomy: Taxonomy, added: Added, terminal: Terminal): Promise<string> {
  const providers = Object.entries(taxonomy.providers);
  if (providers.length === 0) return askNewProvider(added, terminal);
  const choices = providers.map(([name, provider]) => ({
    value: name,
    label: name,
    ...(provider?.description ? { hint: provider.description } : {}),
  }));
  return terminal.select("Which provider?", choices);
}

export async function askTask(taxonomy: Taxonomy, added: Added, terminal: Terminal): Promise<string> {
  const tasks = Object.entries(taxonomy.tasks).filter(([name]) => name !== RAW_TASK);
  if (tasks.length === 0) return askNewTask(taxonomy, added, terminal);
  const choices = tasks.map(([name, task]) => ({
    value: name,
    label: name,
    ...(task?.description ? { hint: task.description } : {}),
  }));
  return terminal.select("Which task?", choices);
}

/** Labels belong to an existing dataset; raw data usually creates a new one. */
export async function askDataset(
  type: "raw" | "task",
  provider: string,
  known: readonly PartitionKey[],
  input: Input,
  terminal: Terminal,
): Promise<string> {
  const datasets = unique(known.filter((key) => key.provider === provider).map((key) => key.dataset));
  if (datasets.length > 0) {
    const choices: { value: string | null; label: string }[] = datasets.map((name) => ({
      value: name,
      label: name,
    }));
    const another = { value: null, label: "a new dataset" };
    const ordered = type === "task" ? [...choices, another] : [another, ...choices];
    const chosen = await terminal.select("Which dataset?", ordered);
    if (chosen !== null) return chosen;
  }
  return askName("Name of the new dataset?", suggestName(input.path), datasets, terminal);
}

export async function askVariant(
  facts: InputFacts,
  { provider, dataset, task }: Pick<UploadRequest, "provider" | "dataset" | "task">,
  known: readonly PartitionKey[],
  terminal: Terminal,
): Promise<string> {
  if (task === undefined) {
    const [only, ...more] = facts.rawVariants;
    if (only !== undefined && more.length === 0) return only;
    const hints: Record<string, string> = { files: "kept as they are", image: "checked and measured" };
    return terminal.select(
      `What are the files of ${facts.content?.column}?`,
      facts.rawVariants.map((name) => ({
        value: name,
        label: name,
        ...(hints[name] ? { hint: hints[name] } : {}),
      })),
    );
  }
  const same = known.filter(
    (key) => key.provider === provider && key.dataset === dataset && key.task === task,
  );
  const variants = unique(same.map((key) => key.variant));
  if (variants.length > 0) {
    const choices: { value: string | null; label: string }[] = variants.map((name) => ({
      value: name,
      label: name,
    }));
    const chosen = await terminal.select("Which variant?", [
      { value: null, label: "a new variant" },
      ...choices,
    ]);
    if (chosen !== null) return chosen;
  }
  return askName("Name of the variant?", "base", variants, terminal);
}

export async function askFields(task: Task, meta: Record<string, string>, terminal: Terminal): Promise<void> {
  for (const field of taskFields(task)) {
    if (meta[field] !== undefined || !task.required.includes(field)) continue;
    const allowed = task.allow[field];
    meta[field] = allowed
      ? await terminal.select(
          `Which ${field}?`,
          allowed.map((value) => ({ value, label: value })),
        )
      : await terminal.text(`Which ${field}?`, {
          check: (text) => (text === "" ? "Give a value" : undefined),
        });
  }
}

/** Only asked where something already exists. */
export async function askMode(
  key: PartitionKey,
  flags: UploadFlags,
  known: readonly PartitionKey[],
  terminal: Terminal,
): Promise<UploadMode> {
  if (flags.mode === "append" || flags.mode === "replace") return flags.mode;
  if (!known.some((other) => formatPartition(other) === formatPartition(key))) return "create";
  return terminal.select<UploadMode>(`${formatPartition(key)} exists. What should be done with it?`, [
    { value: "append", label: "append", hint: "add the new rows to the existing ones" },
    { value: "replace", label: "replace", hint: "replace the existing rows with the new ones" },
  ]);
}

function askName(
  question: string,
  suggested: string,
  taken: readonly string[],
  terminal: Terminal,
): Promise<string> {
  return terminal.text(question, {
    ...(suggested !== "" && { suggested }),
    check: (name) => {
      const composed = name.normalize("NFC");
      const problem = taken.includes(composed) ? undefined : newNameProblem(composed, taken);
      return problem === undefined ? undefined : `The name ${problem}`;
    },
  });
}

function suggestName(path: string): string {
  const stem = basename(path)
    .normalize("NFC")
    .replace(/\.[^.]+$/, "");
  const name = stem.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_").replace(/^[^\p{L}\p{N}]+/u, "");
  return newNameProblem(name) === undefined ? name : "";
}

function unique(names: readonly string[]): string[] {
  return Array.from(new Set(names)).sort();
}
