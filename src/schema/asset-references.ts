import type { Column } from "./columns.ts";
import { factColumn, imageColumnsOf, isOwn, OWN_IMAGE } from "./image-columns.ts";
import { DOCUMENT_COLUMN, DOCUMENT_PATH_COLUMN } from "./pages.ts";

/** Columns through which rows refer to assets: the path and the columns that must match it. */
export interface AssetReference {
  path: string;
  hash: string;
  /** Size column; undefined if rows do not have it. */
  bytes: string | undefined;
  list: boolean;
}

/** All such columns: own contents of any kind, further images, and the documents of pages. */
export function assetReferences(columns: readonly Column[]): AssetReference[] {
  const names = new Set(columns.map(({ name }) => name));
  const further = imageColumnsOf(columns).filter((column) => !isOwn(column));
  const images = names.has("path") ? [OWN_IMAGE, ...further] : further;
  const references = images.map((column) => ({
    path: factColumn(column, "path"),
    hash: factColumn(column, "hash"),
    bytes: factColumn(column, "bytes"),
    list: column.list,
  }));
  if (!names.has(DOCUMENT_PATH_COLUMN.name) || !names.has(DOCUMENT_COLUMN.name)) return references;
  const document = {
    path: DOCUMENT_PATH_COLUMN.name,
    hash: DOCUMENT_COLUMN.name,
    bytes: undefined,
    list: false,
  };
  return [...references, document];
}
