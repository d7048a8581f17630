import { RAW_TASK } from "../../../schema/partition.ts";
import { TASK_SHAPES } from "../../../schema/task-shapes.ts";
import { fieldProblem, type Task } from "../../../schema/taxonomy.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { checkNewName } from "./questions.ts";

/** A name for a new task: a common one that the lake lacks, or another. */
export async function askTaskName(tasks: Record<string, Task>, terminal: Terminal): Promise<string> {
  const usual = [...TASK_SHAPES]
    .filter(([name]) => !Object.hasOwn(tasks, name))
    .map(([name, { description }]) => ({ value: name, label: name, hint: description }));
  const other = { value: "", label: "another", hint: "give it a name" };
  const chosen = usual.length === 0 ? "" : await terminal.select("Which task?", [...usual, other]);
  if (chosen !== "") return chosen;
  return terminal.text("Name of the new task?", {
    check: (name) => checkNewName(name, [RAW_TASK, ...Object.keys(tasks)]),
  });
}

/** The fields of a new task: from a template, none, or asked one by one. */
export async function askTask(name: string, shape: Task | undefined, terminal: Terminal): Promise<Task> {
  const shapes = shape === undefined ? [...TASK_SHAPES.values()].slice(0, 1) : [shape];
  const choices = [
    ...shapes.map((one) => ({
      value: one,
      label: one.required.join(", "),
      hint: one.required.map((field) => `${field}: ${one.allow[field]?.join(", ") ?? "any"}`).join("; "),
    })),
    { value: undefined, label: "other fields" },
    { value: { description: "", required: [], allow: {} }, label: "no fields" },
  ];
  const chosen = await terminal.select(`Which fields are required in an upload of ${name}?`, choices);
  const fields = chosen ?? (await askFields(terminal));
  const description = await terminal.text("Description (optional)", {
    initial: shape?.description ?? "",
  });
  return { ...fields, description };
}

async function askFields(terminal: Terminal): Promise<Task> {
  const required = words(
    await terminal.text("Required fields, separated by commas", {
      placeholder: "lang, src",
      check: (answer) => {
        for (const field of words(answer)) {
          const problem = fieldProblem(field);
          if (problem) return `${field} ${problem}`;
        }
        return undefined;
      },
    }),
  );
  const allow: Task["allow"] = {};
  for (const field of required) {
    const values = words(
      await terminal.text(`Allowed values of ${field}, separated by commas (empty: any value)`, {
        initial: TASK_SHAPES.get("ocr")?.allow[field]?.join(", ") ?? "",
      }),
    );
    if (values.length > 0) allow[field] = values;
  }
  return { description: "", required, allow };
}

function words(text: string): string[] {
  const found = text.normalize("NFC").split(",");
  return [...new Set(found.map((word) => word.trim()).filter((word) => word !== ""))];
}
