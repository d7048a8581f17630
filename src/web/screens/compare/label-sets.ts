import type { CatalogPartition } from "../../../schema/catalog-documents.ts";

/** A task of a dataset with its variants. */
export interface LabelSet {
  provider: string;
  dataset: string;
  task: string;
  variants: string[];
}

/** Tasks of datasets that have two variants at least. */
export function labelSets(partitions: readonly CatalogPartition[]): LabelSet[] {
  const sets = new Map<string, LabelSet>();
  for (const { provider, dataset, task, variant } of partitions) {
    if (task === "raw") continue;
    const key = `${provider}/${dataset}/${task}`;
    const set = sets.get(key) ?? { provider, dataset, task, variants: [] };
    set.variants.push(variant);
    sets.set(key, set);
  }
  return [...sets.values()].filter(({ variants }) => variants.length > 1);
}
