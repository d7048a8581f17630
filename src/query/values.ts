import { parseType, type TypeTree } from "../schema/column-types.ts";

/** How a DuckDB value of this type becomes a plain one of a RowBatch; undefined where it is plain already. */
export function plainConverter(type: string): ((value: unknown) => unknown) | undefined {
  return converterOf(parseType(type));
}

type Converter = (value: unknown) => unknown;

function converterOf(type: TypeTree): Converter | undefined {
  if (type.kind === "list") {
    const element = converterOf(type.element);
    return nullable((value) => {
      const { items } = value as { items: readonly unknown[] };
      return element ? items.map(element) : items;
    });
  }
  if (type.kind === "struct") {
    const fields = type.fields.map((field) => ({ name: field.name, convert: converterOf(field.type) }));
    return nullable((value) => {
      const { entries } = value as { entries: Record<string, unknown> };
      const plain: Record<string, unknown> = {};
      for (const { name, convert } of fields) plain[name] = convert ? convert(entries[name]) : entries[name];
      return plain;
    });
  }
  switch (type.name) {
    case "TIMESTAMP":
      return nullable((value) => (value as { micros: bigint }).micros);
    case "DATE":
      return nullable((value) => (value as { days: number }).days);
    case "BLOB":
      return nullable((value) => (value as { bytes: Uint8Array }).bytes);
    default:
      return undefined;
  }
}

function nullable(convert: Converter): Converter {
  return (value) => (value === null || value === undefined ? null : convert(value));
}

const PLAIN = new Set([
  ..."VARCHAR BOOLEAN TINYINT SMALLINT INTEGER BIGINT UTINYINT USMALLINT UINTEGER UBIGINT FLOAT DOUBLE".split(
    " ",
  ),
  ..."BLOB DATE TIMESTAMP".split(" "),
]);

/** Whether values of this type have a plain form; others are read as text. */
export function isPlainType(type: string): boolean {
  const every = (tree: TypeTree): boolean => {
    if (tree.kind === "list") return every(tree.element);
    if (tree.kind === "struct") return tree.fields.every((field) => every(field.type));
    return PLAIN.has(tree.name);
  };
  return every(parseType(type));
}
