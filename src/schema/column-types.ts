import type { ColumnStats } from "./columns.ts";

/** A DuckDB type name, parsed. `name` of a scalar is as DuckDB writes it, upper case, arguments included. */
export type TypeTree =
  | { kind: "scalar"; name: string }
  | { kind: "list"; element: TypeTree /** Of a fixed-size array. */; length?: number }
  | { kind: "struct"; fields: { name: string; type: TypeTree }[] };

/**
 * Parses a type name as DESCRIBE gives it: `VARCHAR`, `DECIMAL(18,3)`, `STRUCT("a b" INTEGER[], c DATE)[]`. What is
 * neither list, array nor struct is a scalar, MAP and UNION too.
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

/** The type's name as DuckDB takes it in a CAST. */
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
      if (character === quote) quote = ""; // a doubled quote closes and opens again: the same
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

/** Words that a CAST takes as names of fields only in quotes; quoting more than those is harmless. */
const RESERVED = new Set(
  "all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check collate collation column concurrently constraint create cross default deferrable desc describe distinct do else end except false fetch for foreign freeze from full glob grant group having ilike in initially inner intersect into is isnull join lambda lateral leading left like limit natural not notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider placing positional primary qualify references returning right select semi show similar some summarize symmetric table tablesample then to trailing true union unique unpack unpivot using variadic verbose when where window with".split(
    " ",
  ),
);

/**
 * The type in which a value of a DuckDB type is stored (columns.ts): JSON, ENUM, UUID and other text-like types as
 * VARCHAR, every timestamp as TIMESTAMP in UTC, arrays as lists, also inside lists and structs.
 */
export function plainType(type: string): string {
  return formatType(plainTree(parseType(type)));
}

function plainTree(type: TypeTree): TypeTree {
  if (type.kind === "list") return { kind: "list", element: plainTree(type.element) };
  if (type.kind === "struct") {
    return {
      kind: "struct",
      fields: type.fields.map((field) => ({ ...field, type: plainTree(field.type) })),
    };
  }
  const { name } = type;
  if (name.startsWith("TIMESTAMP")) return { kind: "scalar", name: "TIMESTAMP" };
  const kept = name in INTEGERS || name in FLOATS || KEPT.has(name) || parseDecimal(name) !== undefined;
  return { kind: "scalar", name: kept ? name : "VARCHAR" };
}

const KEPT = new Set(["VARCHAR", "BOOLEAN", "BLOB", "DATE"]);
/** Other types that a Parquet file of somebody else may have. */
const FOREIGN = new Set([
  "NULL",
  "JSON",
  "UUID",
  "TIME",
  "TIME WITH TIME ZONE",
  "INTERVAL",
  "HUGEINT",
  "UHUGEINT",
  "BIT",
]);
/** Bits, negative for unsigned. */
const INTEGERS: Record<string, number> = {
  TINYINT: 8,
  SMALLINT: 16,
  INTEGER: 32,
  BIGINT: 64,
  UTINYINT: -8,
  USMALLINT: -16,
  UINTEGER: -32,
  UBIGINT: -64,
};
/** Integers of up to so many bits are exact in it. */
const FLOATS: Record<string, number> = { FLOAT: 24, DOUBLE: 64 };

const MAX_TYPE_LENGTH = 65_536;
const MAX_TYPE_DEPTH = 64;

/**
 * Whether a text is the name of a type that a stored column may have. It comes from files and requests: it may be
 * anything, and only what this lets through is parsed by the functions above or stands in SQL.
 */
export function isColumnType(text: string): boolean {
  return text.length <= MAX_TYPE_LENGTH && nesting(text) <= MAX_TYPE_DEPTH && isKnown(parseType(text));
}

/** How deep its brackets stand in each other, lists of lists included; never less than it is. */
function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const character of text) {
    if (character === "(") depth++;
    else if (character === ")") depth--;
    deepest = Math.max(deepest, depth);
  }
  const lists = Array.from(text.matchAll(/(?:\[\d*\])+/g), ([run]) => run.split("[").length - 1);
  return deepest + lists.reduce((most, count) => Math.max(most, count), 0);
}

function isKnown(type: TypeTree): boolean {
  if (type.kind === "list") return isKnown(type.element) && (type.length === undefined || type.length > 0);
  if (type.kind === "struct") {
    return type.fields.length > 0 && type.fields.every((field) => field.name !== "" && isKnown(field.type));
  }
  const { name } = type;
  if (Object.hasOwn(INTEGERS, name) || Object.hasOwn(FLOATS, name) || KEPT.has(name) || FOREIGN.has(name))
    return true;
  const decimal = parseDecimal(name);
  if (decimal) return decimal.digits >= 1 && decimal.digits <= 38 && decimal.scale <= decimal.digits;
  return /^TIMESTAMP(_S|_MS|_NS| WITH TIME ZONE)?$/.test(name);
}

/**
 * The type that holds values of both DuckDB types, or undefined when they cannot meet (text and numbers, a list and a
 * struct). Numbers widen (BIGINT and DOUBLE meet in DOUBLE, as in DuckDB), a date meets a timestamp, structs unite
 * their fields, an untyped NULL meets everything.
 */
export function commonType(a: string, b: string): string | undefined {
  if (a === b) return a;
  const common = commonTree(parseType(a), parseType(b));
  return common && formatType(common);
}

function commonTree(a: TypeTree, b: TypeTree): TypeTree | undefined {
  if (a.kind === "scalar" && a.name === "NULL") return b;
  if (b.kind === "scalar" && b.name === "NULL") return a;
  if (a.kind === "list" && b.kind === "list") {
    const element = commonTree(a.element, b.element);
    if (!element) return undefined;
    const { length } = a;
    return length !== undefined && length === b.length
      ? { kind: "list", element, length }
      : { kind: "list", element };
  }
  if (a.kind === "struct" && b.kind === "struct") return commonStruct(a.fields, b.fields);
  if (a.kind !== "scalar" || b.kind !== "scalar") return undefined;
  const name = commonScalar(a.name, b.name) ?? commonScalar(b.name, a.name);
  return name === undefined ? undefined : { kind: "scalar", name };
}

type Fields = { name: string; type: TypeTree }[];

function commonStruct(a: Fields, b: Fields): TypeTree | undefined {
  const fields = a.map((field) => ({ ...field }));
  for (const field of b) {
    const same = fields.find((other) => other.name === field.name);
    if (!same) {
      fields.push(field);
      continue;
    }
    const type = commonTree(same.type, field.type);
    if (!type) return undefined;
    same.type = type;
  }
  return { kind: "struct", fields };
}

/** One direction of the rule: `a` is the narrower or more special. */
function commonScalar(a: string, b: string): string | undefined {
  if (a === b) return a;
  if (a === "DATE" && b === "TIMESTAMP") return b;
  const bits = INTEGERS[a];
  if (bits !== undefined && INTEGERS[b] !== undefined) return commonInteger(bits, INTEGERS[b]);
  if (bits !== undefined && FLOATS[b] !== undefined) return Math.abs(bits) <= FLOATS[b] ? b : "DOUBLE";
  if (a === "FLOAT" && b === "DOUBLE") return b;
  const decimal = parseDecimal(a);
  if (decimal === undefined) return undefined;
  if (FLOATS[b] !== undefined) return "DOUBLE";
  const other = INTEGERS[b] === undefined ? parseDecimal(b) : { digits: DIGITS[b] ?? 20, scale: 0 };
  if (other === undefined) return undefined;
  const scale = Math.max(decimal.scale, other.scale);
  const digits = Math.max(decimal.digits - decimal.scale, other.digits - other.scale) + scale;
  return digits <= 38 ? `DECIMAL(${digits},${scale})` : "DOUBLE";
}

/** Decimal digits that an integer type needs. */
const DIGITS: Record<string, number> = {
  TINYINT: 3,
  UTINYINT: 3,
  SMALLINT: 5,
  USMALLINT: 5,
  INTEGER: 10,
  UINTEGER: 10,
  BIGINT: 19,
  UBIGINT: 20,
};

function commonInteger(a: number, b: number): string | undefined {
  const sameSign = a < 0 === b < 0;
  const signed = Math.max(a, b);
  const unsigned = -Math.min(a, b);
  const bits = sameSign ? Math.sign(a) * Math.max(Math.abs(a), Math.abs(b)) : Math.max(signed, unsigned * 2);
  return Object.keys(INTEGERS).find((name) => INTEGERS[name] === bits);
}

function parseDecimal(name: string): { digits: number; scale: number } | undefined {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(name);
  return match ? { digits: Number(match[1]), scale: Number(match[2]) } : undefined;
}

/**
 * The columns of several files or partitions together, by first appearance: the common type, VARCHAR where types cannot
 * meet, and the rows in which a column is NULL or absent. A column without any value leaves its type to the others.
 */
export function mergeColumns(
  parts: readonly { rows: number; columns: readonly ColumnStats[] }[],
): ColumnStats[] {
  const merged = new Map<
    string,
    { type: string; typed: boolean; values: number; nfc: boolean | undefined }
  >();
  let rows = 0;
  for (const part of parts) {
    rows += part.rows;
    for (const column of part.columns) {
      const values = part.rows - column.nulls;
      const known = merged.get(column.name);
      if (!known) {
        const nfc = column.nfc ?? undefined;
        merged.set(column.name, { type: column.type, typed: values > 0, values, nfc });
        continue;
      }
      if (values > 0) {
        known.nfc = known.typed ? bothKnown(known.nfc, column.nfc) : (column.nfc ?? undefined);
        known.type = known.typed ? (commonType(known.type, column.type) ?? "VARCHAR") : column.type;
        known.typed = true;
        known.values += values;
      }
    }
  }
  return Array.from(merged, ([name, { type, values, nfc }]) => ({
    name,
    type,
    nulls: rows - values,
    ...(nfc !== undefined && { nfc }),
  }));
}

/** What is known of two parts together. */
function bothKnown(a: boolean | undefined, b: boolean | null | undefined): boolean | undefined {
  if (a === false || b === false) return false;
  return a === true && b === true ? true : undefined;
}
