import type { PartitionFileKey } from "../schema/metadata.ts";
import { isStandIn, listLevels, type TypedColumn } from "../schema/open-types.ts";
import type { PartitionState } from "./partition.ts";

/** What the file of these columns says of those without a type of their own. One that is NULL throughout shows it. */
export function openColumns(
  columns: readonly (TypedColumn & { name: string })[],
): Pick<PartitionFileKey, "open"> {
  const lists = columns.filter(({ open, type }) => open && listLevels(type) > 0);
  return lists.length > 0 ? { open: lists.map(({ name }) => name) } : {};
}

/**
 * Whether a file has a column as it was before any value gave it a type. Others than us read the files of a partition as
 * they are, and do not read text as numbers.
 */
export function lagsBehind({ files, columns }: Pick<PartitionState, "files" | "columns">): boolean {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  return files.some((file) =>
    file.columns.some(
      ({ name, type, nulls, open }) =>
        (open || nulls === file.rows) && isStandIn(type) && types.get(name) !== type,
    ),
  );
}
