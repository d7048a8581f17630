import { parseType, type TypeTree } from "../schema/type-tree.ts";
import { toNfc } from "./normal-form.ts";
import { quoteName, quoteText } from "./sql.ts";

/** Whether values of a type hold searchable text: a text, or lists and structs that contain texts. */
export function holdsText(type: string): boolean {
  return hasText(parseType(type));
}

function hasText(type: TypeTree): boolean {
  if (type.kind === "list") return hasText(type.element);
  if (type.kind === "struct") return type.fields.some((field) => hasText(field.type));
  return type.name === "VARCHAR";
}

/** How a dialect expresses that some element matches. */
export interface AnyOf {
  field(struct: string, name: string): string;
  /** SQL that `holds` is true for some element of a list, named `element` in it. */
  element(list: string, element: string, holds: string): string;
}

/** SQL that `holds` is true for one of a value's texts. */
export function anyText(
  type: TypeTree,
  value: string,
  holds: (text: string) => string,
  dialect: AnyOf,
  depth = 0,
): string {
  if (type.kind === "list") {
    const name = `e${depth}`;
    return dialect.element(value, name, anyText(type.element, name, holds, dialect, depth + 1));
  }
  if (type.kind === "struct") {
    const fields = type.fields.filter((field) => hasText(field.type));
    const parts = fields.map((field) =>
      anyText(field.type, dialect.field(value, field.name), holds, dialect, depth),
    );
    return `(${parts.join(" OR ")})`;
  }
  return holds(value);
}

/** DuckDB SQL for a column's indexed text: its texts joined by spaces, in NFC (`normal`: stored in NFC). */
export function indexedText({ name, type }: { name: string; type: string }, normal: boolean): string {
  const tree = parseType(type);
  const value = quoteName(name);
  if (tree.kind === "scalar") return normal ? value : toNfc(value);
  return toNfc(`array_to_string(${textsOf(tree, value)}, ' ')`);
}

function textsOf(type: TypeTree, value: string, depth = 0): string {
  if (type.kind === "scalar") return `[${value}]`;
  if (type.kind === "struct") {
    const fields = type.fields.filter((field) => hasText(field.type));
    const parts = fields.map((field) =>
      textsOf(field.type, `struct_extract(${value}, ${quoteText(field.name)})`, depth),
    );
    return parts.length === 1 ? (parts[0] as string) : `list_concat(${parts.join(", ")})`;
  }
  if (type.element.kind === "scalar") return value;
  const name = `e${depth}`;
  return `flatten(list_transform(${value}, lambda ${name}: ${textsOf(type.element, name, depth + 1)}))`;
}
