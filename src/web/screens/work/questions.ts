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
  /** `1%`, or a number of rows; empty for what the server allows. */
  maxRejects: string;
  /** Each page of a TIFF is a row. */
  splitPages: boolean;
  /** The words of the pages of PDFs, and their boxes. */
  textLayer: boolean;
  /** A column `split`, after the names of folders. */
  splitFromFolder: boolean;
}

/** A name for a dataset after that of a file: letters, digits, `_`, `.` and `-`. */
export function suggestName(path: string): string {
  const stem = (path.split("/")[0] as string).normalize("NFC").replace(/\.[^.]+$/, "");
  return stem.replace(/[^\p{L}\p{M}\p{N}_.-]+/gu, "_").replace(/^[^\p{L}\p{N}]+/u, "");
}

/** Words of the files and folders that hold labels. */
const LABELS =
  /(^|[^\p{L}])(labels?|labell?(ing|ed)|lab|lbls?|lb|ann(o|ot|otation)?s?|jsons?|gts?|[tv]l|(라벨링|라벨|레이블링|레이블|어노테이션|가공|정답)( ?데이터)?)([^\p{L}]|$)/iu;

/** Files of pages, which stand behind those of labels by their names; of labels alone all of them. */
function pagesAmong(paths: readonly string[]): readonly string[] {
  const pages = paths.filter((path) => !LABELS.test(path.normalize("NFC")));
  return pages.length > 0 ? pages : paths;
}

/** After which of some files they are called. */
export function namingPath(paths: readonly string[]): string {
  return pagesAmong(paths)[0] ?? "";
}

/** A name for a dataset after all of some files: their folder, else what their names begin with; empty for none. */
export function suggestDataset(paths: readonly string[]): string {
  const names = [...new Set(pagesAmong(paths).map(suggestName))];
  const [first = ""] = names;
  if (names.length < 2) return first;
  const isShared = (start: string) => names.every((name) => name.startsWith(start));
  let shared = first;
  while (!isShared(shared)) shared = shared.slice(0, -1);
  const start = shared.replace(/[\p{N}_.-]+$/u, "");
  return start.length > 1 ? start : "";
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

/** The tasks that labels are uploaded for; pages may have a view too. */
export function tasksOf({ tasks }: TaxonomyDocument): string[] {
  return Object.keys(tasks).filter((name) => name !== "raw");
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

/** Whether that many rejected rows can be allowed. */
export function isRejectLimit(text: string): boolean {
  const limit = text.trim();
  return (
    limit === "" ||
    (/^(\d{1,9}|\d+(\.\d+)?%)$/.test(limit) && !(Number.parseFloat(limit) > 100 && limit.endsWith("%")))
  );
}

/** Whether files may be PDFs, some of which have a password. */
export function mayHavePdfs(paths: readonly string[]): boolean {
  return paths.some((path) => /\.(pdf|zip)$/i.test(path));
}

/** Whether files may be TIFFs of several pages. */
export function mayHaveTiffs(paths: readonly string[]): boolean {
  return paths.some((path) => /\.(tiff?|zip)$/i.test(path));
}

/** Folders that say of which split their files are, as the server knows them. */
const SPLIT =
  /^[\s\d._()[\]-]*(train(ing)?|학습|훈련|val(id(ation)?)?|dev|검증|test(ing)?|시험|테스트|평가)[\s\d._()[\]-]*$/i;

/** Whether files may lie in folders of splits. */
export function mayHaveSplits(paths: readonly string[]): boolean {
  return paths.some((path) => {
    const folders = path.normalize("NFC").split("/").slice(0, -1);
    return /\.zip(\.(part)?\d+)?$/i.test(path) || folders.some((name) => SPLIT.test(name));
  });
}

/** The answers as the server's route has them. */
export function parametersOfAnswers(
  answers: Answers,
  taxonomy: TaxonomyDocument,
  name: string,
): URLSearchParams {
  const { type, provider, dataset, task, variant, mode, meta, license, maxRejects } = answers;
  const query = new URLSearchParams({ type, provider, dataset: dataset.trim(), mode, name });
  if (type === "task") {
    query.set("task", task);
    query.set("variant", variant.trim());
    for (const field of taxonomy.tasks[task]?.required ?? [])
      query.append("meta", `${field}=${(meta[field] ?? "").trim()}`);
  }
  if (license.trim() !== "") query.set("license", license.trim());
  if (maxRejects.trim() !== "") query.set("max_rejects", maxRejects.trim());
  if (type === "raw" && answers.splitPages) query.set("split_pages", "true");
  if (type === "raw" && answers.textLayer) query.set("text_layer", "true");
  if (answers.splitFromFolder) query.set("split_from_folder", "true");
  return query;
}
