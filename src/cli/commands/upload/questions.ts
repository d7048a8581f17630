import { existsSync } from "node:fs";
import { AppError } from "../../../errors.ts";
import type { Input, InputOptions } from "../../../ingest/input.ts";
import { type InputFacts, inspectInput } from "../../../ingest/inspect.ts";
import { requireTask } from "../../../ingest/lake-checks.ts";
import { parseMeta } from "../../../ingest/parse-meta.ts";
import type { UploadSession } from "../../../ingest/session.ts";
import type { UploadDestination } from "../../../ingest/upload-destination.ts";
import type { UploadPlan, UploadRequest } from "../../../ingest/upload-plan.ts";
import { formatPartition, type PartitionKey, RAW_TASK } from "../../../schema/partition.ts";
import type { UploadMode } from "../../../schema/upload.ts";
import { formatBytes, formatQuantity } from "../../../util/format.ts";
import { askInTurn } from "../../terminal/steps.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { parseType, type UploadFlags } from "./flags.ts";
import { type Added, addTo } from "./new-place.ts";
import { openAsking } from "./open-asking.ts";
import {
  askDataset,
  askFields,
  askMode,
  askProvider,
  askTask,
  askType,
  askVariant,
} from "./place-questions.ts";

export interface UploadQuestions {
  paths: readonly string[];
  flags: UploadFlags;
  /** What the flags say of how the input is read. */
  read: InputOptions;
  target: UploadDestination;
  session: UploadSession;
  /** Of a lake in a folder, which nobody uploads. */
  lakeFolder: string | undefined;
  terminal: Terminal;
}

export interface UploadAnswers
  extends Pick<UploadRequest, "type" | "provider" | "dataset" | "task" | "variant"> {
  input: Input;
  /** Of documents, those that were asked for too. */
  passwords: readonly string[];
  /** Provider and task that the lake does not have yet. */
  added: Added;
  meta: Record<string, string>;
  mode: UploadMode;
}

/**
 * Asks for everything that the flags left open and offers what exists; invalid answers are asked again in place.
 * `conclude` gets the answers, and may ask too: Esc goes back from there as from every question.
 */
export async function askUpload(
  options: UploadQuestions,
  conclude: (answers: UploadAnswers, terminal: Terminal) => Promise<void>,
): Promise<void> {
  const { flags, target, paths } = options;
  const taxonomy = await target.taxonomy();
  const added: Added = { providers: {}, tasks: {} };
  const known = await target.partitions();
  const answers = { added } as UploadAnswers;
  let facts: InputFacts;
  const key = (): PartitionKey => ({
    ...answers,
    task: answers.task ?? RAW_TASK,
    variant: answers.variant ?? "",
  });
  options.terminal.note("Esc goes one question back, Ctrl-C ends.");
  await askInTurn(options.terminal, [
    async (terminal) => void Object.assign(answers, await askInput({ ...options, paths, terminal })),
    async (terminal) => {
      for (;;) {
        try {
          answers.type =
            flags.type === undefined ? await askType(answers.input, terminal) : parseType(flags.type);
          facts = inspectInput(answers.input, answers.type);
          return;
        } catch (error) {
          if (!(error instanceof AppError) || error.code === "cancelled") throw error;
          terminal.warn(error.message);
        }
        Object.assign(answers, await askInput({ ...options, paths: [], terminal }));
      }
    },
    async (terminal) => {
      added.providers = {};
      answers.provider = flags.provider ?? (await askProvider(taxonomy, added, terminal));
    },
    async (terminal) => {
      const { type, provider, input } = answers;
      answers.dataset = flags.dataset ?? (await askDataset(type, provider, known, input, terminal));
    },
    async (terminal) => {
      const isRaw = answers.type === "raw";
      added.tasks = {};
      answers.task = isRaw ? undefined : (flags.task ?? (await askTask(taxonomy, added, terminal)));
    },
    async (terminal) => {
      answers.variant = flags.variant ?? (await askVariant(facts, answers, known, terminal));
    },
    async (terminal) => {
      answers.meta = parseMeta(flags.meta ?? []);
      if (answers.task !== undefined) {
        const task = requireTask(addTo(taxonomy, added), answers.task, answers.meta);
        await askFields(task, answers.meta, terminal);
      }
    },
    async (terminal) => {
      answers.mode = await askMode(key(), flags, known, terminal);
    },
    (terminal) => conclude(answers, terminal),
  ]);
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

async function askInput({ paths, read, session, lakeFolder, terminal }: UploadQuestions) {
  let given = paths;
  for (;;) {
    const ask = () =>
      terminal.path("What do you want to upload?", { check: pathProblem, without: lakeFolder });
    const wanted = given.length > 0 ? given : [await ask()];
    given = [];
    try {
      const opened = await openAsking(wanted, read, session, terminal);
      if (opened.input.rowCount === 0)
        throw new AppError("empty_input", `${wanted.join(", ")} has no rows; choose another`);
      terminal.note(describeFound(inspectInput(opened.input, "task")));
      return opened;
    } catch (error) {
      if (!(error instanceof AppError) || error.code === "cancelled") throw error;
      terminal.warn(error.message);
    }
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
