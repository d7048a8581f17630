import { parseType, type TypeTree } from "../../schema/type-tree.ts";
import { quoteHiveName } from "../sql.ts";

/** Hive types of DuckDB's scalars; unsigned integers become the next larger signed type. */
const TO_HIVE: Record<string, string> = {
  VARCHAR: "string",
  BOOLEAN: "boolean",
  TINYINT: "tinyint",
  SMALLINT: "smallint",
  INTEGER: "int",
  BIGINT: "bigint",
  UTINYINT: "smallint",
  USMALLINT: "int",
  UINTEGER: "bigint",
  UBIGINT: "decimal(20,0)",
  FLOAT: "float",
  DOUBLE: "double",
  BLOB: "binary",
  DATE: "date",
  TIMESTAMP: "timestamp",
};

/** The Hive and Athena DDL type for values of a plain DuckDB type; others are text. */
export function hiveType(type: string): string {
  return formatHive(parseType(type));
}

function formatHive(type: TypeTree): string {
  if (type.kind === "list") return `array<${formatHive(type.element)}>`;
  if (type.kind === "struct") {
    const fields = type.fields.map((field) => `${quoteHiveName(field.name)}:${formatHive(field.type)}`);
    return `struct<${fields.join(",")}>`;
  }
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type.name);
  if (decimal) return `decimal(${decimal[1]},${decimal[2]})`;
  return TO_HIVE[type.name] ?? "string";
}
