import type { CatalogPartition } from "../../schema/catalog-documents.ts";
import { versions } from "../state/changes.ts";
import type { RequestFailure } from "./request.ts";
import { useDocument } from "./use-document.ts";

/** The partitions of the catalog, none where there is no catalog yet; undefined until they are known. */
export function usePartitions(again = 0): {
  partitions: CatalogPartition[] | undefined;
  failure: RequestFailure | undefined;
} {
  const version = versions.value.generation + again;
  const url = "/partitions?missing=empty";
  const { value, failure } = useDocument<{ partitions: CatalogPartition[] }>(url, { version, keep: true });
  return { partitions: value?.partitions, failure };
}
