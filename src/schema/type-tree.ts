/** A parsed DuckDB type. A scalar's `name` is in DuckDB's notation: upper case, with arguments. */
export type TypeTree =
  | { kind: "scalar"; name: string }
  | { kind: "list"; element: TypeTree /** Of a fixed-size array. */; length?: number }
  | { kind: "struct"; fields: { name: string; type: TypeTree }[] };

/**
 * Parses a type name from DESCRIBE: `VARCHAR`, `DECIMAL(18,3)`, `STRUCT("a b" INTEGER[], c DATE)[]`.
 * Everything except lists, arrays and structs is a scalar, including MAP and UNION.
 */
export function parseType(text: string): TypeTree {
  const array = /^(.*)\[(\d*)\]$/s.exec(text);
  if (array) {
    const element = parseType(array[1] ?? "");
    return array[2] ? { kind: "list", element, length: Number(array[2]) } : { kind: "list", element };
  }
  const struct = /^STRUCT\((.*)\)$/is.exec(text);
  if (struct) return { kind: "struct", fields: splitFields(struct[1] ?? "").map(parseField) };
  return { kind: "scalar", name: text === '"NULL"' ? "NULL" : text };
}

/** The type's name for a CAST. */
export function formatType(type: TypeTree): string {
  if (type.kind === "scalar") return type.name === "NULL" ? '"NULL"' : type.name;
  if (type.kind === "list") return `${formatType(type.element)}[${type.length ?? ""}]`;
  return `STRUCT(${type.fields.map((field) => `${quoteField(field.name)} ${formatType(field.type)}`).join(", ")})`;
}

/** Splits `a INTEGER, b DECIMAL(2,1)` at its outer commas. */
function splitFields(text: string): string[] {
  const parts: string[] = [];
  const characters = Array.from(text);
  let depth = 0;
  let quote = "";
  let start = 0;
  for (const [at, character] of characters.entries()) {
    if (quote !== "") {
      if (character === quote) quote = ""; // a doubled quote closes and reopens: same result
    } else if (character === '"' || character === "'") quote = character;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      parts.push(characters.slice(start, at).join("").trim());
      start = at + 1;
    }
  }
  const last = characters.slice(start).join("").trim();
  return last === "" ? parts : [...parts, last];
}

function parseField(text: string): { name: string; type: TypeTree } {
  const quoted = /^"((?:[^"]|"")*)"\s+(.*)$/s.exec(text);
  if (quoted) return { name: (quoted[1] ?? "").replaceAll('""', '"'), type: parseType(quoted[2] ?? "") };
  const space = text.indexOf(" ");
  return { name: text.slice(0, space), type: parseType(text.slice(space + 1).trim()) };
}

function quoteField(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Words that a CAST accepts as field names only in quotes; quoting others is harmless. */
const RESERVED = new Set(
  "all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check collate collation column concurrently constraint create cross default deferrable desc describe distinct do else end except false fetch for foreign freeze from full glob grant group having ilike in initially inner intersect into is isnull join lambda lateral leading left like limit natural not notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify references returning right select semi show similar some summarize symmetric table tablesample then to trailing true union unique unpack unpivot using variadic verbose when where window with".split(
    " ",
  ),
);

/** Key and value types of `MAP(VARCHAR, DOUBLE)`; undefined for other types. */
export function parseMap(name: string): { key: TypeTree; value: TypeTree } | undefined {
  const [key, value] = splitFields(/^MAP\((.*)\)$/s.exec(name)?.[1] ?? "");
  return key === undefined || value === undefined
    ? undefined
    : { key: parseType(key), value: parseType(value) };
}
