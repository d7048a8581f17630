import { AppError } from "../../../errors.ts";
import { nameView } from "../../../schema/labels/task-view.ts";
import type { Task } from "../../../schema/taxonomy.ts";
import { defineCommand, defineGroup } from "../../arguments/command.ts";
import { readViewFlag, VIEW_FLAG } from "../../arguments/view-flag.ts";
import { renderTable } from "../../terminal/table.ts";
import { requireName } from "./questions.ts";
import { removeCommand } from "./remove.ts";
import { edit } from "./task-edit.ts";
import { askTask, askTaskName } from "./task-questions.ts";

const create = defineCommand({
  summary: "Create a task with the fields that its uploads require",
  positionals: ["[NAME]"],
  flags: {
    required: { type: "list", placeholder: "FIELD,FIELD", description: "Fields that each upload must have" },
    allow: {
      type: "list",
      placeholder: "FIELD=A,B",
      description: "Allowed values of a field; repeat for each field",
    },
    view: VIEW_FLAG,
    description: { type: "text", placeholder: "TEXT", description: "A description for people" },
  },
  examples: [
    "datalake config task create ocr --required lang,src --allow lang=ko,en,ja,multi --allow src=real,synthetic",
    "datalake config task create layout --view doclaynet",
  ],
  run: async ({ flags, positionals }, effects) => {
    const { terminal } = effects;
    const view = flags.view === undefined ? undefined : await readViewFlag(flags.view);
    const { taxonomy } = await effects.openClient();
    const { tasks } = await taxonomy.read();
    const given = await requireName("task", positionals[0], terminal, () => askTaskName(tasks, terminal));
    const { TASK_SHAPES } = await import("../../../schema/task-shapes.ts");
    const shape = TASK_SHAPES.get(given);
    let task: Task;
    if (flags.required || flags.allow) {
      task = { description: "", required: unique(flags.required), allow: parseAllowed(flags.allow ?? []) };
    } else if (terminal.interactive) {
      task = await askTask(given, shape, terminal);
    } else {
      task = shape ?? { description: "", required: [], allow: {} };
    }
    if (flags.description !== undefined) task = { ...task, description: flags.description };
    if (view !== undefined) task = { ...task, view };
    const name = await taxonomy.addTask(given, task);
    terminal.result({ task: document(name, task) }, () => `Created the task ${name}${fieldsText(task)}.`);
    return 0;
  },
});

const list = defineCommand({
  summary: "List the tasks with their fields",
  flags: {},
  examples: ["datalake config task list"],
  run: async (_, effects) => {
    const { taxonomy } = await effects.openClient();
    const { tasks } = await taxonomy.read();
    const rows = Object.entries(tasks);
    effects.terminal.result({ tasks: rows.map(([name, task]) => document(name, task)) }, () =>
      rows.length === 0
        ? "No tasks yet; create one with `datalake config task create`."
        : [tasksTable(rows), viewsTable(rows)].filter((table) => table !== "").join("\n\n"),
    );
    return 0;
  },
});

export const taskCommands = defineGroup({
  summary: "Manage tasks: kinds of labels, and the fields that their uploads require",
  subcommands: { create, edit, list, remove: removeCommand("task") },
});

/** `["lang=ko,en", "src=real"]` as `{lang: ["ko", "en"], src: ["real"]}`; a field named twice gets all its values. */
export function parseAllowed(items: readonly string[]): Task["allow"] {
  const allow = new Map<string, string[]>();
  for (const item of items) {
    const at = item.indexOf("=");
    const field = item.slice(0, Math.max(0, at)).trim().normalize("NFC");
    const values = item.slice(at + 1).split(",");
    const words = unique(values.map((value) => value.trim()).filter((value) => value !== ""));
    if (field === "" || words.length === 0) {
      throw new AppError(
        "usage",
        `--allow ${JSON.stringify(item)} is not of the form FIELD=A,B; write for example --allow lang=ko,en`,
      );
    }
    allow.set(field, unique([...(allow.get(field) ?? []), ...words]));
  }
  return Object.fromEntries(allow);
}

function unique(words: readonly string[] | undefined): string[] {
  return [...new Set((words ?? []).map((word) => word.normalize("NFC")))];
}

function document(name: string, { required, allow, description, view, views }: Task) {
  return { name, required, allow, description, ...(view && { view }), ...(views && { views }) };
}

function tasksTable(tasks: readonly [string, Task][]): string {
  return renderTable(
    ["task", "required", "allowed", "view", "description"].map((title) => ({ title })),
    tasks.map(([name, task]) => [
      name,
      task.required.join(", "),
      allowedText(task),
      viewText(task),
      task.description,
    ]),
  );
}

/** The partitions that have a view of their own; nothing where none has. */
function viewsTable(tasks: readonly [string, Task][]): string {
  const rows = tasks.flatMap(([name, { views }]) =>
    Object.entries(views ?? {}).map(([partition, view]) => [name, partition, nameView(view)]),
  );
  const titles = ["task", "partition", "view"].map((title) => ({ title }));
  return rows.length === 0 ? "" : renderTable(titles, rows);
}

function viewText({ view, views }: Task): string {
  const others = Object.keys(views ?? {}).length;
  const more = others === 0 ? [] : [`${others} of partitions`];
  return [...(view === undefined ? [] : [nameView(view)]), ...more].join(", ");
}

function allowedText({ allow }: Task): string {
  return Object.entries(allow)
    .map(([field, values]) => `${field}: ${values.join("|")}`)
    .join("; ");
}

function fieldsText(task: Task): string {
  const parts = [
    task.required.length > 0 ? `required: ${task.required.join(", ")}` : undefined,
    allowedText(task) || undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? "" : ` (${parts.join("; ")})`;
}
