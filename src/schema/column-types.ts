import { formatType, parseType, type TypeTree } from "./type-tree.ts";

/**
 * The type in which values of a DuckDB type are stored (columns.ts): JSON, ENUM, UUID and similar types as
 * VARCHAR, every timestamp as TIMESTAMP in UTC, arrays as lists, also when nested. Times in nanoseconds are so where
 * none of them is finer than microseconds, else VARCHAR.
 */
export function plainType(type: string, ofNanoseconds: "TIMESTAMP" | "VARCHAR" = "TIMESTAMP"): string {
  return formatType(plainTree(parseType(type), ofNanoseconds));
}

function plainTree(type: TypeTree, ofNanoseconds: string): TypeTree {
  if (type.kind === "list") return { kind: "list", element: plainTree(type.element, ofNanoseconds) };
  if (type.kind === "struct") {
    return {
      kind: "struct",
      fields: type.fields.map((field) => ({ ...field, type: plainTree(field.type, ofNanoseconds) })),
    };
  }
  const { name } = type;
  if (name === "TIMESTAMP_NS") return { kind: "scalar", name: ofNanoseconds };
  if (name.startsWith("TIMESTAMP")) return { kind: "scalar", name: "TIMESTAMP" };
  const kept = name in INTEGERS || name in FLOATS || KEPT.has(name) || parseDecimal(name) !== undefined;
  return { kind: "scalar", name: kept ? name : "VARCHAR" };
}

const KEPT = new Set(["VARCHAR", "BOOLEAN", "BLOB", "DATE"]);
/** Other types that foreign Parquet files may have. */
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
/** Holds integers of 64 bits with a sign and without. */
export const INTEGERS_OF_BOTH = "DECIMAL(20,0)";

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
/** Integers of up to this many bits are exact. */
const FLOATS: Record<string, number> = { FLOAT: 24, DOUBLE: 64 };

const MAX_TYPE_LENGTH = 65_536;
const MAX_TYPE_DEPTH = 64;

/**
 * Whether a text from a file or request is a type name that a stored column may have. Only such texts may be
 * parsed by the functions above or put into SQL.
 */
export function isColumnType(text: string): boolean {
  return text.length <= MAX_TYPE_LENGTH && nesting(text) <= MAX_TYPE_DEPTH && isKnown(parseType(text));
}

/** Upper bound of the nesting depth of its brackets, including lists of lists. */
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
 * The type that holds values of both DuckDB types, or undefined if there is none (text and numbers, a list
 * and a struct). Numbers widen (BIGINT and DOUBLE to DOUBLE as in DuckDB, UBIGINT and BIGINT to DECIMAL),
 * dates become timestamps, structs merge their fields, an untyped NULL fits every type.
 */
export function commonType(a: string, b: string): string | undefined {
  if (a === b) return a;
  const common = commonTree(parseType(a), parseType(b));
  return common && formatType(common);
}

/** Whether two types have a common type that holds every value of both. Untyped lists fit text of JSON. */
export function meetExactly(a: string, b: string): boolean {
  const isOpenList = (type: string) => /^NULL(\[\])+$/.test(type);
  if ((isOpenList(a) && b === "VARCHAR") || (isOpenList(b) && a === "VARCHAR")) return true;
  return commonType(a, b) !== undefined && !isRounded(parseType(a), parseType(b));
}

function isRounded(a: TypeTree, b: TypeTree): boolean {
  if (a.kind === "list" && b.kind === "list") return isRounded(a.element, b.element);
  if (a.kind === "struct" && b.kind === "struct") {
    return a.fields.some(({ name, type }) => {
      const other = b.fields.find((field) => field.name === name);
      return other !== undefined && isRounded(type, other.type);
    });
  }
  if (a.kind !== "scalar" || b.kind !== "scalar" || a.name === b.name) return false;
  const common = commonScalar(a.name, b.name) ?? commonScalar(b.name, a.name) ?? "";
  return isInexact(a.name, common) || isInexact(b.name, common);
}

/** A DOUBLE has 53 binary digits, too few for all values of BIGINT and DECIMAL. */
function isInexact(type: string, common: string): boolean {
  if (FLOATS[common] === undefined) return false;
  return Math.abs(INTEGERS[type] ?? 0) > 53 || parseDecimal(type) !== undefined;
}

/**
 * The type in which earlier versions stored a type's values, equally exact: text for UBIGINT and long
 * decimals, DOUBLE for short ones. Rows added to such a partition keep it. Undefined if it did not change.
 */
export function earlierType(type: string): string | undefined {
  const [, scalar = "", brackets = ""] = /^(.*?)((?:\[\])*)$/s.exec(type) ?? [];
  const decimal = parseDecimal(scalar);
  if (decimal === undefined) return scalar === "UBIGINT" ? `VARCHAR${brackets}` : undefined;
  return (decimal.digits <= EXACT_DIGITS ? "DOUBLE" : "VARCHAR") + brackets;
}

/** A DOUBLE preserves all decimals with this many digits. */
const EXACT_DIGITS = 15;

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
    const same = fields.find((other) => other.name.toLowerCase() === field.name.toLowerCase());
    if (!same) {
      fields.push(field);
      continue;
    }
    if (same.name !== field.name) return undefined; // no type has both
    const type = commonTree(same.type, field.type);
    if (!type) return undefined;
    same.type = type;
  }
  return { kind: "struct", fields };
}

/** One direction of the rule: `a` is the narrower type. */
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
  if (bits > 64) return INTEGERS_OF_BOTH;
  return Object.keys(INTEGERS).find((name) => INTEGERS[name] === bits);
}

function parseDecimal(name: string): { digits: number; scale: number } | undefined {
  const match = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(name);
  return match ? { digits: Number(match[1]), scale: Number(match[2]) } : undefined;
}
