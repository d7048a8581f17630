import { quoteName } from "../query/sql.ts";
import { IMAGE_COLUMNS, type SourceColumn } from "./input.ts";

/**
 * How a column of some DuckDB type holds whole files; undefined where it holds none. Bytes, or the path of a file, are
 * images under an image column's name, or where `feature` (of Hugging Face `datasets`) says Image; bytes and a path
 * together are under any name, unless the feature says that they are something else (Audio, Video).
 */
export function embeddedCell(
  column: { name: string; type: string },
  feature?: unknown,
): SourceColumn["embedded"] {
  const kind = (feature as { _type?: unknown } | undefined)?._type;
  const isNamed = (IMAGE_COLUMNS as readonly string[]).includes(column.name.toLowerCase());
  const isImage = isNamed || kind === "Image";
  if (!isImage && kind !== undefined) return undefined;
  if (isImage && column.type === "BLOB") return { bytes: true, path: undefined };
  const fields = /^STRUCT\((.*)\)$/.exec(column.type)?.[1]?.replaceAll('"', "").split(", ").sort().join(", ");
  const path = `struct_extract(${quoteName(column.name)}, 'path')`;
  if (fields === "bytes BLOB, path VARCHAR") return { bytes: true, path };
  if (isImage && fields === "path VARCHAR") return { bytes: false, path };
  if (isImage && fields === "bytes BLOB") return { bytes: true, path: undefined };
  return undefined;
}
