import { quoteName } from "../query/sql.ts";
import { IMAGE_COLUMNS, type SourceColumn } from "./input.ts";

/** Names under which lists of bytes are taken as images that nothing else tells of. */
const IMAGE_LISTS: readonly string[] = [...IMAGE_COLUMNS, "images"];

/**
 * How a column of some DuckDB type holds whole files; undefined where it holds none. Bytes, or the path of a file, are
 * images under an image column's name, or where `feature` (of Hugging Face `datasets`) says Image; bytes and a path
 * together are under any name, unless the feature says that they are something else (Audio, Video). A list holds images
 * where its elements do.
 */
export function embeddedCell(
  column: { name: string; type: string },
  feature?: unknown,
): SourceColumn["embedded"] {
  const { name, type } = column;
  if (type.endsWith("[]")) {
    const cell = cellOf(
      "x",
      type.slice(0, -2),
      elementFeature(feature),
      IMAGE_LISTS.includes(name.toLowerCase()),
    );
    if (cell === undefined) return undefined;
    const path = `list_transform(${quoteName(name)}, lambda x: ${cell.path ?? "NULL::VARCHAR"})`;
    return { bytes: cell.bytes, path, list: true };
  }
  const isNamed = (IMAGE_COLUMNS as readonly string[]).includes(name.toLowerCase());
  return cellOf(name, type, feature, isNamed);
}

function cellOf(name: string, type: string, feature: unknown, isNamed: boolean): SourceColumn["embedded"] {
  const kind = kindOf(feature);
  const isImage = isNamed || kind === "Image";
  if (!isImage && kind !== undefined) return undefined;
  if (isImage && type === "BLOB") return { bytes: true, path: undefined };
  const fields = /^STRUCT\((.*)\)$/.exec(type)?.[1]?.replaceAll('"', "").split(", ").sort().join(", ");
  const path = `struct_extract(${quoteName(name)}, 'path')`;
  if (fields === "bytes BLOB, path VARCHAR") return { bytes: true, path };
  if (isImage && fields === "path VARCHAR") return { bytes: false, path };
  if (isImage && fields === "bytes BLOB") return { bytes: true, path: undefined };
  return undefined;
}

function kindOf(feature: unknown): unknown {
  return (feature as { _type?: unknown } | null | undefined)?._type;
}

/** Of `[{...}]`, or of Sequence, List and LargeList as newer versions write it. */
function elementFeature(feature: unknown): unknown {
  if (Array.isArray(feature)) return feature[0];
  return (feature as { feature?: unknown } | null | undefined)?.feature;
}
