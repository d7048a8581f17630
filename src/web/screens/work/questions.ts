import type { CatalogPartition } from "../../../schema/catalog-documents.ts";

/** GET /config. */
export interface TaxonomyDocument {
  providers: Record<string, { description: string }>;
  tasks: Record<string, { description: string; required: string[]; allow: Record<string, string[]> }>;
}

export interface Answers {
  type: "raw" | "task";
  provider: string;
  dataset: string;
  task: string;
  variant: string;
  mode: "create" | "append" | "replace";
  meta: Record<string, string>;
  /** Not asked for: empty for none. */
  license: string;
}

/** A name for a dataset after that of a file: letters, digits, `_`, `.` and `-`. */
export function suggestName(path: string): string {
  const stem = (path.split("/")[0] as string).normalize("NFC").replace(/\.[^.]+$/, "");
  return stem.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_").replace(/^[^\p{L}\p{N}]+/u, "");
}

/** Datasets of a provider, and variants of a task in one of them, that exist. */
export function knownNames(
  partitions: readonly CatalogPartition[],
  { provider, dataset, type, task }: Answers,
) {
  const ofProvider = partitions.filter((one) => one.provider === provider);
  const ofTask = ofProvider.filter(
    (one) => one.dataset === dataset && one.task === (type === "raw" ? "raw" : task),
  );
  const names = (list: string[]) => [...new Set(list)].sort();
  return {
    datasets: names(ofProvider.map((one) => one.dataset)),
    variants: names(ofTask.map((one) => one.variant)),
    licenses: names(partitions.map(({ license }) => license).filter((license) => license !== "")),
  };
}

/** What of the answers is missing, by the name of its question. */
export function missingAnswers(answers: Answers, taxonomy: TaxonomyDocument): string[] {
  const { type, provider, dataset, task, variant, meta } = answers;
  const required = type === "task" ? (taxonomy.tasks[task]?.required ?? []) : [];
  return [
    ...(provider === "" ? ["provider"] : []),
    ...(dataset.trim() === "" ? ["dataset"] : []),
    ...(type === "task" && task === "" ? ["task"] : []),
    ...(type === "task" && variant.trim() === "" ? ["variant"] : []),
    ...required.filter((field) => (meta[field] ?? "").trim() === ""),
  ];
}

/** The answers as the server's route has them. */
export function parametersOfAnswers(
  answers: Answers,
  taxonomy: TaxonomyDocument,
  name: string,
): URLSearchParams {
  const { type, provider, dataset, task, variant, mode, meta, license } = answers;
  const query = new URLSearchParams({ type, provider, dataset: dataset.trim(), mode, name });
  if (type === "task") {
    query.set("task", task);
    query.set("variant", variant.trim());
    for (const field of taxonomy.tasks[task]?.required ?? [])
      query.append("meta", `${field}=${(meta[field] ?? "").trim()}`);
  }
  if (license.trim() !== "") query.set("license", license.trim());
  return query;
}
