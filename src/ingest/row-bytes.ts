import { quoteName, quoteText } from "../query/sql.ts";
import type { Column } from "../schema/columns.ts";
import { parseType, type TypeTree } from "../schema/type-tree.ts";

/** An SQL expression for the decoded bytes of a row, NULL where all is. The engine measures a repeated text once. */
export function rowBytes(columns: readonly Column[]): string {
  const cells = columns.map(({ name, type }) => `${cellBytes(quoteName(name), parseType(type))}::DOUBLE`);
  return `list_sum([${cells.join(", ")}])`; // a sum of a thousand terms would be nested too deeply for the engine
}

const NUMBER_BYTES = 8;

function cellBytes(value: string, type: TypeTree, depth = 0): string {
  if (type.kind === "list") {
    const element = `x${depth}`;
    const inside = cellBytes(element, type.element, depth + 1);
    return `list_sum(list_transform(${value}, lambda ${element}: coalesce(${inside}, 0)::DOUBLE))`;
  }
  if (type.kind === "struct") {
    const fields = type.fields.map(({ name, type: field }) => {
      const inside = cellBytes(`struct_extract(${value}, ${quoteText(name)})`, field, depth);
      return `coalesce(${inside}, 0)`;
    });
    return fields.length === 0 ? String(NUMBER_BYTES) : `(${fields.join(" + ")})`;
  }
  if (type.name === "VARCHAR") return `strlen(${value})::DOUBLE`;
  return type.name === "BLOB" ? `octet_length(${value})::DOUBLE` : String(NUMBER_BYTES);
}
