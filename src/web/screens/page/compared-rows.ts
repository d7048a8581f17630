import type { PageDocument } from "../../../schema/page-documents.ts";

/**
 * Of each other variant of the task one row that shows the same page: an image may be in a variant several times, then
 * under the same name where there is one.
 */
export function comparedRows({
  others,
  task,
  variant,
  source_name: name,
}: Pick<PageDocument, "others" | "task" | "variant" | "source_name">): PageDocument["others"] {
  if (task === "raw") return [];
  const ofTask = others.filter((other) => other.task === task && other.variant !== variant);
  return [...Map.groupBy(ofTask, (other) => other.variant).values()].flatMap(
    (rows) => rows.find((row) => row.source_name === name) ?? rows[0] ?? [],
  );
}
