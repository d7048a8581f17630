import type { AddedName } from "../lake/taken-names.ts";
import { type PartitionKey, RAW_TASK } from "../schema/partition.ts";
import { nearestWord } from "../util/nearest.ts";

/** Shorter names are all near each other. */
const LEAST_LETTERS = 3;

/**
 * What to tell of names that an upload would add beside one of a like name, which is perhaps meant. Providers and tasks
 * have to be in the taxonomy, and the variant of raw data follows from its columns.
 */
export function nearNameNotices({ task }: PartitionKey, added: readonly AddedName[]): string[] {
  return added.flatMap(({ column, name, others }) => {
    const isFree = column === "dataset" || (column === "variant" && task !== RAW_TASK);
    const near =
      isFree && name.length >= LEAST_LETTERS ? nearestWord(name, unnumbered(name, others)) : undefined;
    return near === undefined ? [] : [`the ${column} ${name} is new; one of a like name is there: ${near}`];
  });
}

/** Without those that differ in digits alone: `receipts_2024` is not a slip for `receipts_2023`. */
function unnumbered(name: string, others: readonly string[]): string[] {
  const withoutDigits = (text: string) => text.replace(/\d+/g, "");
  return others.filter((other) => withoutDigits(other) !== withoutDigits(name));
}
