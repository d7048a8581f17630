import type { Database } from "../../src/query/database.ts";
import { parseType, type TypeTree } from "../../src/schema/type-tree.ts";
import type { MadeColumn } from "./generate.ts";

/** A table as the engine gives it: numbers that a double would round as text. */
export interface Compared {
  types: Record<string, string>;
  rows: Record<string, unknown>[];
}

/** The rows of a relation in its order. */
export async function readTable(database: Database, relation: string): Promise<Compared> {
  const result = await database.connection.runAndReadAll(`SELECT * FROM ${relation}`);
  const names = result.columnNames();
  const types = result.columnTypes().map((type) => String(type));
  const rows = result
    .getRowsJson()
    .map((row) => Object.fromEntries(names.map((name, at) => [name, row[at]])));
  return { types: Object.fromEntries(names.map((name, at) => [name, types[at] ?? ""])), rows };
}

/** Values of one column of two tables in one form: numbers by their digits, JSON text as what it says. */
export function valuesOf({ rows }: Compared, { name, type }: MadeColumn): unknown[] {
  const tree = parseType(type);
  return rows.map((row) => exactValue(row[name], tree));
}

export type Value = null | string | Value[] | { [key: string]: Value };

function exactValue(value: unknown, type: TypeTree): Value {
  if (value === null || value === undefined) return null;
  const map = type.kind === "scalar" ? /^MAP\(VARCHAR, (.*)\)$/s.exec(type.name) : null;
  const isNested = type.kind !== "scalar" || map !== null;
  if (isNested && typeof value === "string") return exactValue(parseExact(value), type);
  if (type.kind === "list") return (value as unknown[]).map((element) => exactValue(element, type.element));
  if (type.kind === "struct") {
    const fields = value as Record<string, unknown>;
    return Object.fromEntries(
      type.fields.map((field) => [field.name, exactValue(fields[field.name], field.type)]),
    );
  }
  if (map) {
    const inside = parseType(map[1] ?? "");
    const entries = Array.isArray(value)
      ? (value as { key: string; value: unknown }[]).map(({ key, value: one }) => [key, one] as const)
      : Object.entries(value as object);
    return Object.fromEntries(entries.map(([key, one]) => [key, exactValue(one, inside)]));
  }
  const text = String(value);
  if (type.name === "FLOAT") return digitsOf(String(Math.fround(Number(text))));
  return isNumber(type) ? digitsOf(text) : text;
}

export function isNumber(type: TypeTree): boolean {
  return (
    type.kind === "scalar" && /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT)|FLOAT|DOUBLE|DECIMAL.*)$/.test(type.name)
  );
}

/** JSON whose numbers keep their digits, as text. */
export function parseExact(text: string): unknown {
  return JSON.parse(text, ((_key: string, value: unknown, { source }: { source: string }) =>
    typeof value === "number" ? source : value) as (key: string, value: unknown) => unknown);
}

/** The same text for the same number, however it is written. */
export function digitsOf(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)\.?(\d*)(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  if (whole === "") return text;
  const digits = (whole + fraction).replace(/^0+/, "");
  const plain = digits.replace(/0+$/, "");
  if (plain === "") return "0";
  return `${sign}${plain}e${Number(exponent) - fraction.length + digits.length - plain.length}`;
}
