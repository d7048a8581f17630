import { DataType, type Field } from "apache-arrow";
import { parseType } from "../../schema/type-tree.ts";
import type { SourceColumn } from "../input.ts";
import { isNested, plainColumn } from "../plain-types.ts";

/** Format: arrow/docs/format/CanonicalExtensions.rst. */
const EXTENSION_NAME = "ARROW:extension:name";

/**
 * Says of each column which extension types of Arrow it has, at any depth, and what its values come back as: the name
 * of such a type and its parameters (a shape, the names of dimensions) have no place beside the plain types.
 */
export function extensionNotices(
  fields: readonly Field[],
  columns: readonly Pick<SourceColumn, "name" | "type" | "embedded">[],
): string[] {
  const typed = new Map(columns.map((column) => [column.name.toLowerCase(), column]));
  const found = new Map<string, { name: string; extensions: Set<string> }>();
  for (const field of fields) {
    const key = field.name.toLowerCase();
    const column = found.get(key) ?? { name: field.name, extensions: new Set() };
    found.set(key, column);
    for (const extension of extensionsOf(field)) {
      // Where the engine knows them they are text, which says the same.
      const isRead = extension === "arrow.uuid" && /\bUUID\b/.test(typed.get(key)?.type ?? "");
      if (!isRead) column.extensions.add(extension);
    }
  }
  return Array.from(found, ([key, { name, extensions }]) => {
    const column = typed.get(key);
    if (column === undefined || extensions.size === 0) return [];
    const names = [...extensions].join(", ");
    return [
      `the values of ${name} come back as ${storedAs(column)}: of their extension type ${names} nothing is kept`,
    ];
  }).flat();
}

function extensionsOf({ type, metadata }: Field): string[] {
  const own = metadata.get(EXTENSION_NAME);
  const values = (DataType.isDictionary(type) ? type.dictionary : type) as DataType;
  const inside = ((values.children ?? []) as Field[]).flatMap(extensionsOf);
  return own ? [own, ...inside] : inside;
}

function storedAs({ name, type, embedded }: Pick<SourceColumn, "name" | "type" | "embedded">): string {
  if (embedded) return "images";
  if (isNested(parseType(type))) return "JSON text";
  try {
    return plainColumn(name, type, "v").type;
  } catch {
    return type; // one that the plan refuses, unless it drops the column
  }
}
