import type { TaxonomyClient } from "../../../client/lake-client.ts";
import { TASK_SHAPES } from "../../../schema/task-shapes.ts";
import type { Taxonomy } from "../../../schema/taxonomy.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { checkNewName } from "../config/questions.ts";
import { askTask, askTaskName } from "../config/task-questions.ts";

/** What a first upload brings to a lake that has none: created once the upload is confirmed. */
export type Added = Pick<Taxonomy, "providers" | "tasks">;

export async function askNewProvider(added: Added, terminal: Terminal): Promise<string> {
  const given = await terminal.text("The lake has no provider yet. Name of the new one?", {
    placeholder: "aihub",
    check: (name) => checkNewName(name, []),
  });
  const name = given.normalize("NFC");
  added.providers = { [name]: { description: "" } };
  return name;
}

export async function askNewTask(taxonomy: Taxonomy, added: Added, terminal: Terminal): Promise<string> {
  terminal.note("The lake has no task yet.");
  const name = (await askTaskName(taxonomy.tasks, terminal)).normalize("NFC");
  added.tasks = { [name]: await askTask(name, TASK_SHAPES.get(name), terminal) };
  return name;
}

/** The taxonomy as it will be. */
export function addTo(taxonomy: Taxonomy, added: Added): Taxonomy {
  return {
    ...taxonomy,
    providers: { ...taxonomy.providers, ...added.providers },
    tasks: { ...taxonomy.tasks, ...added.tasks },
  };
}

export async function createAdded({ providers, tasks }: Added, taxonomy: TaxonomyClient): Promise<void> {
  for (const [name, provider] of Object.entries(providers)) await taxonomy.addProvider(name, provider);
  for (const [name, task] of Object.entries(tasks)) await taxonomy.addTask(name, task);
}
