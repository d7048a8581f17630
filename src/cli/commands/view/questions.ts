import type { TaxonomyClient, ViewDetection } from "../../../client/lake-client.ts";
import type { Reading } from "../../../schema/labels/detect/sample.ts";
import { RAW_TASK } from "../../../schema/partition.ts";
import type { Terminal } from "../../terminal/terminal.ts";
import { describeExample, describePage, describePlace, describeReading } from "./text.ts";

/** Asks which of several readings is meant. */
export function askReading(
  { readings, example, labelled, sheets }: ViewDetection,
  terminal: Terminal,
): Promise<Reading> {
  terminal.note(`The labels can be read in ${readings.length} ways.`);
  if (example !== null)
    terminal.note(
      `${describePlace(example)} has the box ${JSON.stringify(example.box)}; see ${describePage(example)}.`,
    );
  for (const [at, sheet] of sheets.entries())
    terminal.note(`${sheet} shows them as ${describeReading(readings[at] as Reading, readings)}.`);
  const choices = readings.map((value) => {
    const place = describeExample(value);
    const agree = `${value.agree} of ${labelled} rows agree`;
    return {
      value,
      label: describeReading(value, readings),
      hint: place === undefined ? agree : `this box is ${place}; ${agree}`,
    };
  });
  return terminal.select("Which one is right?", choices);
}

/** Offers to make it the view of the task, where all labels are of one; of pages, that of their only partition. */
export async function offerToKeep(
  { view }: Reading,
  partitions: readonly string[],
  taxonomy: TaxonomyClient,
  terminal: Terminal,
): Promise<void> {
  const [task, ...others] = new Set(partitions.map((name) => name.split("/")[2] ?? ""));
  if (task === undefined || others.length > 0) return;
  if (task === RAW_TASK) return keepOfPages(view, partitions, taxonomy, terminal);
  const { tasks } = await taxonomy.read();
  if (!Object.hasOwn(tasks, task)) return;
  const has = tasks[task]?.view === undefined ? "" : ", in place of the one it has";
  if (!(await terminal.confirm(`Make it the view of the task ${task}${has}?`, false))) return;
  await taxonomy.editTask(task, { view });
  terminal.note(`Labels of ${task} are read by it now; \`datalake view check --task ${task}\` checks them.`);
}

/** Datasets of pages have little in common: a view of all of them would be wrong for most. */
async function keepOfPages(
  view: Reading["view"],
  [name, ...others]: readonly string[],
  taxonomy: TaxonomyClient,
  terminal: Terminal,
): Promise<void> {
  if (name === undefined || others.length > 0) return;
  if (!(await terminal.confirm(`Make it the view of ${name}?`, false))) return;
  const [provider, dataset, task = RAW_TASK, variant] = name.split("/");
  await taxonomy.editTask(task, { view, partition: `${provider}/${dataset}/${variant}` });
  terminal.note(`Labels of ${name} are read by it now.`);
}
