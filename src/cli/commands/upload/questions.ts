import { existsSync } from "node:fs";
import { basename } from "node:path";
import { AppError } from "../../../errors.ts";
import type { Input, InputOptions } from "../../../ingest/input.ts";
import { type InputFacts, inspectInput } from "../../../ingest/inspect.ts";
import { requireTask, taskFields } from "../../../ingest/lake-checks.ts";
import { parseMeta } from "../../../ingest/parse-meta.ts";
import type { UploadSession } from "../../../ingest/session.ts";
import type { UploadDestination } from "../../../ingest/upload-destination.ts";
import type { UploadPlan, UploadRequest } from "../../../ingest/upload-plan.ts";
import { newNameProblem } from "../../../schema/name-clash.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../../schema/partition.ts";
import type { Task, Taxonomy } from "../../../schema/taxonomy.ts";
import type { UploadMode } from "../../../schema/upload.ts";
import { formatBytes, formatQuantity } from "../../../util/format.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { parseType, type UploadFlags } from "./flags.ts";

export interface UploadQuestions {
  paths: readonly string[];
  flags: UploadFlags;
  /** What the flags say of how the input is read. */
  read: InputOptions;
  target: UploadDestination;
  session: UploadSession;
  terminal: Terminal;
}

export interface UploadAnswers
  extends Pick<UploadRequest, "type" | "provider" | "dataset" | "task" | "variant"> {
  input: Input;
  /** Of documents, those that were asked for too. */
  passwords: readonly string[];
  meta: Record<string, string>;
  mode: UploadMode;
}

/** Asks for everything that the flags left open and offers what exists; invalid answers are asked again in place. */
export async function askUpload(options: UploadQuestions): Promise<UploadAnswers> {
  const { flags, target, terminal } = options;
  const taxonomy = await target.taxonomy();
  const known = await target.partitions();
  const { input, passwords, type, facts } = await askInput(options);
  const provider = flags.provider ?? (await askProvider(taxonomy, terminal));
  const dataset = flags.dataset ?? (await askDataset(type, provider, known, input, terminal));
  const task = type === "raw" ? undefined : (flags.task ?? (await askTask(taxonomy, terminal)));
  const variant = flags.variant ?? (await askVariant(facts, { provider, dataset, task }, known, terminal));
  const meta = parseMeta(flags.meta ?? []);
  if (task !== undefined) await askFields(requireTask(taxonomy, task), meta, terminal);
  const key = { provider, dataset, task: task ?? RAW_TASK, variant };
  const mode = await askMode(key, flags, known, terminal);
  return { input, passwords, type, provider, dataset, task, variant, meta, mode };
}

/** The summary before the last question. */
export function summarizePlan({
  input,
  request,
  key,
  columns,
  contentKind,
  reference,
}: UploadPlan): string[] {
  const content = contentKind === null ? "" : `, ${contentKind === "image" ? "images" : "files"} included`;
  const refers = reference ? `, matched by ${reference.column}` : "";
  const fields = Object.entries(request.meta ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    `${formatQuantity(input.rowCount, "row")} of ${input.path}${content}${refers}`,
    `  into ${formatPartition(key)} (${request.mode})`,
    `  columns: ${columns.map(({ name, type }) => `${name} ${type}`).join(", ") || "none of their own"}`,
    ...(fields.length > 0 ? [`  fields: ${fields.join(", ")}`] : []),
    ...(contentKind === "image"
      ? [`  images: ${request.images}, ${request.verify === "full" ? "all decoded" : "headers checked"}`]
      : []),
  ];
}

async function askInput({ paths, flags, read, session, terminal }: UploadQuestions) {
  let given = paths;
  let type = flags.type === undefined ? undefined : parseType(flags.type);
  for (;;) {
    const wanted =
      given.length > 0 ? given : [await terminal.path("What do you want to upload?", { check: pathProblem })];
    given = [];
    try {
      const { input, passwords } = await openAsking(wanted, read, session, terminal);
      if (input.rowCount === 0)
        throw new AppError("empty_input", `${wanted.join(", ")} has no rows; choose another`);
      terminal.note(describeFound(inspectInput(input, "task")));
      type ??= await askType(terminal);
      return { input, passwords, type, facts: inspectInput(input, type) };
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "cancelled") throw error;
      terminal.warn(error.message);
    }
  }
}

/** Opens the input; asks for the password of documents that none of the given ones opens. Enter leaves them out. */
async function openAsking(
  paths: readonly string[],
  read: InputOptions,
  session: UploadSession,
  terminal: Terminal,
) {
  let passwords = read.passwords ?? [];
  for (;;) {
    const input = await session.open(paths, { ...read, passwords });
    const [locked] = input.lockedDocuments ?? [];
    if (locked === undefined) return { input, passwords };
    const password = await terminal.password(`Password of ${locked}? (Enter to reject its pages)`);
    if (password === "") return { input, passwords };
    passwords = [...passwords, password];
  }
}

function pathProblem(path: string): string | undefined {
  if (path.trim() === "") return "Enter a file or a folder";
  return existsSync(path) || /[*?[{]/.test(path) ? undefined : `${path} does not exist`;
}

function describeFound(facts: InputFacts): string {
  const { summary, format, fileCount } = facts;
  const files = fileCount > 1 ? ` in ${formatQuantity(fileCount, "file")}` : "";
  const content = facts.content ? `${facts.content.kind}s in column ${facts.content.column}` : "no images";
  const size = `${formatQuantity(facts.rowCount, "row")}, ${formatBytes(facts.sizeBytes)}${files}`;
  return [
    summary === undefined ? `Found ${format}: ${size}, ${content}` : `Found ${summary}: ${size}`,
    `  columns: ${facts.columnText}`,
    ...facts.notices.map((notice) => `  ${notice}`),
  ].join("\n");
}

function askType(terminal: Terminal): Promise<"raw" | "task"> {
  return terminal.select("What is it?", [
    { value: "raw" as const, label: "raw data", hint: "images, files or text" },
    { value: "task" as const, label: "labels of a task", hint: "rows that refer to raw data" },
  ]);
}

async function askProvider(taxonomy: Taxonomy, terminal: Terminal): Promise<string> {
  const providers = Object.entries(taxonomy.providers);
  if (providers.length === 0) {
    throw new AppError(
      "not_found",
      "the lake has no provider yet; add one with `datalake config provider create`",
    );
  }
  const choices = providers.map(([name, provider]) => ({
    value: name,
    label: name,
    ...(provider?.description ? { hint: provider.description } : {}),
  }));
  return terminal.select("Which provider?", choices);
}

async function askTask(taxonomy: Taxonomy, terminal: Terminal): Promise<string> {
  const tasks = Object.entries(taxonomy.tasks);
  if (tasks.length === 0) {
    throw new AppError("not_found", "the lake has no task yet; add one with `datalake config task create`");
  }
  const choices = tasks.map(([name, task]) => ({
    value: name,
    label: name,
    ...(task?.description ? { hint: task.description } : {}),
  }));
  return terminal.select("Which task?", choices);
}

/** Labels belong to an existing dataset; raw data usually creates a new one. */
async function askDataset(
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

async function askVariant(
  facts: InputFacts,
  { provider, dataset, task }: { provider: string; dataset: string; task: string | undefined },
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

async function askFields(task: Task, meta: Record<string, string>, terminal: Terminal): Promise<void> {
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
async function askMode(
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
