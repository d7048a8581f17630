import type { CatalogPartition } from "../../schema/catalog-documents.ts";
import { versions } from "../state/changes.ts";
import type { RequestFailure } from "./request.ts";
import { useDocument } from "./use-document.ts";

const NONE: CatalogPartition[] = [];

/** The partitions of the catalog, none where there is no catalog yet; undefined until they are known. */
export function usePartitions(again = 0): {
  partitions: CatalogPartition[] | undefined;
  failure: RequestFailure | undefined;
} {
  const version = versions.value.generation + again;
  const { value, failure } = useDocument<{ partitions: CatalogPartition[] }>("/partitions", {
    version,
    keep: true,
  });
  if (failure?.code === "not_found") return { partitions: NONE, failure: undefined };
  return { partitions: value?.partitions, failure };
}
