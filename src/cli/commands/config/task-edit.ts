import * as v from "valibot";
import { AppError } from "../../../errors.ts";
import { checkValue } from "../../../schema/check.ts";
import type { GivenView } from "../../../schema/labels/given-view.ts";
import { SHAPES } from "../../../schema/labels/shapes.ts";
import { nameView } from "../../../schema/labels/task-view.ts";
import { TaskPartitionSchema } from "../../../schema/taxonomy.ts";
import { defineCommand } from "../../arguments/command.ts";
import { readViewFlag, VIEW_FLAG } from "../../arguments/view-flag.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { keptNotices, removedNotices } from "./partition-notices.ts";
import { chooseEntry, requireName } from "./questions.ts";

/** In place of a view: takes it away. */
const NONE = "none";

/** `config task edit`. */
export const edit = defineCommand({
  summary: "Change the view or the description of a task",
  positionals: ["[NAME]"],
  flags: {
    view: { ...VIEW_FLAG, description: `${VIEW_FLAG.description}; ${NONE} takes it away` },
    partition: {
      type: "text",
      placeholder: "P/D/V",
      description: "Only for this partition of the task: PROVIDER/DATASET/VARIANT",
    },
    description: { type: "text", placeholder: "TEXT", description: "A description for people" },
  },
  examples: [
    "datalake config task edit ocr --view view.yaml",
    "datalake config task edit ocr --view cord --partition naver/cord/v2",
    "datalake config task edit ocr --view none",
  ],
  run: async ({ flags, positionals }, effects) => {
    const { terminal } = effects;
    const { partition, description } = flags;
    if (partition !== undefined && flags.view === undefined) {
      throw new AppError("usage", "--partition needs --view, the view of its labels");
    }
    const checked = checkValue(v.optional(TaskPartitionSchema), partition);
    if (!checked.success) throw new AppError("usage", `--partition ${checked.issues[0].message}`);
    const given = flags.view === undefined ? undefined : await readView(flags.view);
    const client = await effects.openClient();
    const { taxonomy } = client;
    const { tasks } = await taxonomy.read();
    const name = await requireName("task", positionals[0], terminal, () =>
      chooseEntry("task", tasks, terminal),
    );
    let view = given;
    if (view === undefined && description === undefined) {
      if (!terminal.interactive) {
        throw new AppError("usage", "nothing to change is given; add --view FILE or --description TEXT");
      }
      view = await askView(name, terminal);
    }
    const edited = await taxonomy.editTask(name, { view, partition, description });
    const task = (await taxonomy.read()).tasks[edited];
    const notices =
      partition === undefined
        ? []
        : view === null
          ? removedNotices(edited, tasks[edited], partition)
          : await keptNotices(client, edited, partition);
    for (const notice of notices) terminal.note(notice);
    terminal.result({ task: { name: edited, ...task } }, () =>
      view === undefined ? `Changed the task ${edited}.` : describeChange(edited, view, partition),
    );
    return 0;
  },
});

async function readView(flag: string): Promise<GivenView | null> {
  return flag === NONE ? null : readViewFlag(flag);
}

async function askView(task: string, terminal: Terminal): Promise<GivenView | null> {
  const shapes = SHAPES.map(({ name, of }) => ({ value: name, label: name, hint: of }));
  const chosen = await terminal.select(`What do the labels of ${task} look like?`, [
    { value: "", label: "a view of my own", hint: "a file; `datalake view detect` writes one" },
    ...shapes,
    { value: NONE, label: NONE, hint: "the task has no view" },
  ]);
  return readView(chosen === "" ? await terminal.path("Which file?", { initial: "view.yaml" }) : chosen);
}

function describeChange(name: string, view: GivenView | null, partition: string | undefined): string {
  const whose = partition === undefined ? `the task ${name}` : `${partition} of the task ${name}`;
  if (view === null) return `Removed the view of ${whose}.`;
  return `Labels of ${whose} are read by the view ${nameView(view)}; \`datalake view check\` shows what does not fit.`;
}
