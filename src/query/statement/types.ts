import { formatType, parseType, type TypeTree } from "../../schema/type-tree.ts";
import { quoteName } from "../sql.ts";

/** Trino types of DuckDB's scalars; unsigned integers become the next larger signed type. */
const TO_TRINO: Record<string, string> = {
  VARCHAR: "varchar",
  BOOLEAN: "boolean",
  TINYINT: "tinyint",
  SMALLINT: "smallint",
  INTEGER: "integer",
  BIGINT: "bigint",
  UTINYINT: "smallint",
  USMALLINT: "integer",
  UINTEGER: "bigint",
  UBIGINT: "decimal(20,0)",
  FLOAT: "real",
  DOUBLE: "double",
  BLOB: "varbinary",
  DATE: "date",
  TIMESTAMP: "timestamp(6)",
};

/** The Trino type for values of a plain DuckDB type (schema/columns.ts); others are text. */
export function trinoType(type: string): string {
  return formatTrino(parseType(type));
}

function formatTrino(type: TypeTree): string {
  if (type.kind === "list") return `array(${formatTrino(type.element)})`;
  if (type.kind === "struct") {
    return `row(${type.fields.map((field) => `${quoteName(field.name)} ${formatTrino(field.type)}`).join(", ")})`;
  }
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type.name);
  if (decimal) return `decimal(${decimal[1]},${decimal[2]})`;
  return TO_TRINO[type.name] ?? "varchar";
}

/** DuckDB types of Trino's scalars, with values unchanged. */
const FROM_TRINO: Record<string, string> = {
  boolean: "BOOLEAN",
  tinyint: "TINYINT",
  smallint: "SMALLINT",
  integer: "INTEGER",
  int: "INTEGER",
  bigint: "BIGINT",
  real: "FLOAT",
  float: "FLOAT",
  double: "DOUBLE",
  varbinary: "BLOB",
  binary: "BLOB",
  date: "DATE",
};

/**
 * The DuckDB type for values of a Trino type: `array(row("a" bigint))` as `STRUCT(a BIGINT)[]`. Types without
 * a plain counterpart (maps, times, zones, intervals, JSON) become VARCHAR.
 */
export function duckdbType(trino: string): string {
  return formatType(parseTrinoType(trino));
}

/** Parses a Trino type name into the type of `duckdbType`. */
export function parseTrinoType(text: string): TypeTree {
  const type = text.trim();
  const [, base = "", inner] = /^([a-z]+)\s*(?:\((.*)\))?$/is.exec(type) ?? [];
  const name = base.toLowerCase();
  if (name === "array" && inner !== undefined) return { kind: "list", element: parseTrinoType(inner) };
  if (name === "row" && inner !== undefined) {
    return { kind: "struct", fields: splitOuter(inner).map(parseRowField) };
  }
  if (name === "decimal" && inner !== undefined) {
    const [digits = "38", scale = "0"] = inner.split(",").map((part) => part.trim());
    return { kind: "scalar", name: `DECIMAL(${digits},${scale})` };
  }
  // Finer than microseconds, or with a zone: kept as text.
  if (name === "timestamp" && Number(inner ?? 3) <= 6) return { kind: "scalar", name: "TIMESTAMP" };
  return { kind: "scalar", name: FROM_TRINO[name] ?? "VARCHAR" };
}

function parseRowField(text: string, at: number): { name: string; type: TypeTree } {
  const quoted = /^"((?:[^"]|"")*)"\s+(.*)$/s.exec(text);
  if (quoted) return { name: (quoted[1] ?? "").replaceAll('""', '"'), type: parseTrinoType(quoted[2] ?? "") };
  const plain = /^([^\s("]+)\s+(.*)$/s.exec(text);
  if (plain) return { name: plain[1] ?? "", type: parseTrinoType(plain[2] ?? "") };
  return { name: `field${at}`, type: parseTrinoType(text) }; // a row type without field names
}

function splitOuter(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    }
  }
  return [...parts, text.slice(start).trim()];
}
