import type { CatalogPartition } from "../../../schema/catalog-documents.ts";

/** A dataset with its partitions. */
export interface Dataset {
  provider: string;
  dataset: string;
  partitions: CatalogPartition[];
  rows: number;
  /** Rows of raw data with an image each; labels are of the same pages. */
  pages: number;
  /** That its uploads name. */
  licenses: string[];
  bytes: number;
  /** The newest upload. */
  last: CatalogPartition | undefined;
}

export const SORTS = ["dataset", "rows", "size", "last"] as const;
export type Sort = (typeof SORTS)[number];

/** Datasets of the partitions, in no order. */
export function groupDatasets(partitions: readonly CatalogPartition[]): Dataset[] {
  const datasets = new Map<string, Dataset>();
  for (const partition of partitions) {
    const { provider, dataset, rows, bytes, uploaded_at: at, license } = partition;
    const key = `${provider}/${dataset}`;
    const found = datasets.get(key) ?? {
      provider,
      dataset,
      partitions: [],
      rows: 0,
      pages: 0,
      licenses: [],
      bytes: 0,
      last: undefined,
    };
    found.partitions.push(partition);
    found.rows += rows;
    if (isOfPages(partition)) found.pages += rows;
    if (license !== "" && !found.licenses.includes(license)) found.licenses.push(license);
    found.bytes += bytes;
    if (at !== null && (found.last?.uploaded_at ?? "") < at) found.last = partition;
    datasets.set(key, found);
  }
  return [...datasets.values()];
}

function isOfPages({ task, variant }: CatalogPartition): boolean {
  return task === "raw" && (variant === "image" || variant === "mixed");
}

/** Names go up, all else goes down. */
export function sortDatasets(datasets: readonly Dataset[], sort: Sort): Dataset[] {
  const byName = (a: Dataset, b: Dataset) =>
    a.provider.localeCompare(b.provider) || a.dataset.localeCompare(b.dataset);
  const orders: Record<Sort, (a: Dataset, b: Dataset) => number> = {
    dataset: byName,
    rows: (a, b) => b.rows - a.rows,
    size: (a, b) => b.bytes - a.bytes,
    last: (a, b) => (b.last?.uploaded_at ?? "").localeCompare(a.last?.uploaded_at ?? ""),
  };
  return [...datasets].sort((a, b) => orders[sort](a, b) || byName(a, b));
}

/** Tasks of all datasets, the pages first. */
export function tasksOf(partitions: readonly CatalogPartition[]): string[] {
  const tasks = [...new Set(partitions.map(({ task }) => task))].sort();
  return [...tasks.filter((task) => task === "raw"), ...tasks.filter((task) => task !== "raw")];
}
