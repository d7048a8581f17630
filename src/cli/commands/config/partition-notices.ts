import type { LakeClient } from "../../../client/lake-client.ts";
import { partitionOfTask } from "../../../schema/labels/task-view.ts";
import type { Task } from "../../../schema/taxonomy.ts";
import { didYouMean } from "../../../util/nearest.ts";

/**
 * What to tell of a view for one partition: nothing where that is there, or on its way. It may come later, and its labels
 * are then read by the view as they are processed; but its name may be a slip.
 */
export async function keptNotices(
  client: Pick<LakeClient, "uploads">,
  task: string,
  partition: string,
): Promise<string[]> {
  const all = await (await client.uploads.destination()).partitions();
  const names = all.filter((key) => key.task === task).map(partitionOfTask);
  const name = partition.normalize("NFC");
  if (names.includes(name)) return [];
  const said = `the task ${task} has no partition ${name}`;
  return [`${said};${didYouMean(name, names)} the view is for one that comes later`];
}

/** What to tell of a view that is taken away from one partition, by the task as it was. */
export function removedNotices(task: string, before: Task | undefined, partition: string): string[] {
  const names = Object.keys(before?.views ?? {});
  const name = partition.normalize("NFC");
  if (names.includes(name)) return [];
  return [
    `${name} of the task ${task} had no view of its own;${didYouMean(name, names)} there is nothing to take away`,
  ];
}
