import type { CatalogPartition } from "../../../schema/catalog-documents.ts";
import type { Answers } from "./questions.ts";

/**
 * Partitions for which a create is refused, before any of it is sent; of raw data of any kind, which follows from the
 * files.
 */
export function existingPartitions(answers: Answers, partitions: readonly CatalogPartition[]): string[] {
  const { type, provider, task, mode } = answers;
  const [dataset, variant] = [answers.dataset, answers.variant].map((text) => text.trim().normalize());
  const isThere = (one: CatalogPartition) =>
    one.provider === provider &&
    one.dataset === dataset &&
    (type === "raw" ? one.task === "raw" : one.task === task && one.variant === variant);
  if (mode !== "create") return [];
  return partitions.filter(isThere).map((one) => [provider, dataset, one.task, one.variant].join("/"));
}
