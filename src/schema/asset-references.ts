import type { Column } from "./columns.ts";
import { factColumn, imageColumnsOf, isOwn, OWN_IMAGE } from "./image-columns.ts";
import { DOCUMENT_COLUMN, DOCUMENT_PATH_COLUMN } from "./pages.ts";

/** Columns by which rows name assets: the path, and what it must agree with. */
export interface AssetReference {
  path: string;
  hash: string;
  /** Size; undefined where rows do not say it. */
  bytes: string | undefined;
  /** A row has a list of each. */
  list: boolean;
}

/** All such columns: of rows' own content, of any kind, of further images, and of the documents that pages are of. */
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
