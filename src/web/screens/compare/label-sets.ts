import type { CatalogPartition } from "../../../schema/catalog-documents.ts";

/** A task of a dataset with its variants. */
export interface LabelSet {
  provider: string;
  dataset: string;
  task: string;
  variants: string[];
  /** Those that are compared unless others are chosen: the newest, and the one before it. */
  newest: [a: string, b: string];
}

/** Tasks of datasets that have two variants at least. */
export function labelSets(partitions: readonly CatalogPartition[]): LabelSet[] {
  const ofLabels = partitions.filter(({ task }) => task !== "raw");
  const sets = Map.groupBy(ofLabels, ({ provider, dataset, task }) => `${provider}/${dataset}/${task}`);
  return [...sets.values()].flatMap((set) => {
    const { provider, dataset, task } = set[0] as CatalogPartition;
    const [a, b] = set.toSorted((one, other) => uploadedMs(one) - uploadedMs(other)).slice(-2);
    if (a === undefined || b === undefined) return [];
    const variants = set.map(({ variant }) => variant);
    return [{ provider, dataset, task, variants, newest: [a.variant, b.variant] }];
  });
}

/** What nobody knows the time of is older than all else. */
function uploadedMs({ uploaded_at: at }: CatalogPartition): number {
  return at === null ? 0 : Date.parse(at);
}
