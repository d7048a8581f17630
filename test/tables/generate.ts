import { formatType, parseType, type TypeTree } from "../../src/schema/type-tree.ts";
import type { Random } from "../rigs/random.ts";

/** A column of a generated table: its values are SQL literals of `type`. */
export interface MadeColumn {
  name: string;
  type: string;
  values: string[];
}

/** Values of each type, the extreme ones first. */
const SCALARS: Record<string, string[]> = {
  BOOLEAN: ["true", "false"],
  TINYINT: ["-128", "127", "0"],
  SMALLINT: ["-32768", "32767"],
  INTEGER: ["-2147483648", "2147483647", "12"],
  BIGINT: ["-9223372036854775808", "9223372036854775807", "9007199254740993", "1"],
  UTINYINT: ["255", "0"],
  USMALLINT: ["65535", "0"],
  UINTEGER: ["4294967295", "0"],
  UBIGINT: ["18446744073709551615", "9223372036854775808", "9007199254740993", "0"],
  FLOAT: ["0.1", "3.4028235e38", "-1.5"],
  DOUBLE: ["0.1", "5e-324", "1.7976931348623157e308", "-0.30000000000000004", "1e22"],
  "DECIMAL(4,2)": ["1.10", "-99.99", "0.01"],
  "DECIMAL(9,0)": ["999999999", "-1"],
  "DECIMAL(18,6)": ["123456789012.345678", "-0.000001"],
  "DECIMAL(38,10)": ["1234567890123456789012345678.0123456789", "-0.0000000001"],
  VARCHAR: [
    "''",
    "'영수증 1'",
    "'a \"b\" ''c'''",
    "'{\"a\": 1}'",
    "'1.10'",
    "'null'",
    "'\\u0041'",
    "'x' || chr(10) || chr(9) || 'y'",
  ],
  DATE: ["'2024-05-01'", "'1583-10-15'", "'9999-12-31'"],
  TIMESTAMP: ["'2024-05-01 09:30:00.123456'", "'1969-12-31 23:59:59.999999'"],
  TIMESTAMP_S: ["'2024-05-01 09:30:00'", "'1900-01-01 00:00:00'"],
  TIMESTAMP_MS: ["'2024-05-01 09:30:00.123'"],
  TIMESTAMP_NS: ["'2024-05-01 09:30:00.123456'", "'2024-05-01 09:30:00.123456789'"],
  BLOB: ["'\\x00\\xFF'::BLOB", "''::BLOB"],
};

/** A table of so many rows: every scalar type has a column, and some types in lists, structs and maps. */
export function makeTable(random: Random, rowCount: number): MadeColumn[] {
  const scalars = Object.keys(SCALARS);
  const nested = Array.from({ length: 12 }, () => nest(random, 1 + random.below(3)));
  return [...scalars, ...nested].map((type, at) => {
    const tree = parseType(type);
    const nulls = random.pick([0, 0, 0.3, 0.9, 1]);
    const values = Array.from({ length: rowCount }, () =>
      random.chance(nulls) ? "NULL" : literal(tree, random),
    );
    return {
      name: `c${at}`,
      type,
      values,
    };
  });
}

/** Binary data has no place inside others. */
function nest(random: Random, depth: number): string {
  if (depth === 0) {
    return random.pick(Object.keys(SCALARS).filter((name) => name !== "BLOB"));
  }
  const inner = () => nest(random, depth - 1);
  return random.pick([
    () => `${inner()}[]`,
    () => `${inner()}[]`,
    () => `STRUCT(a ${inner()}, "나 b" ${inner()})`,
    () => `MAP(VARCHAR, ${inner()})`,
  ])();
}

/** SQL for a value of a type; a NULL inside now and then. */
function literal(type: TypeTree, random: Random): string {
  const inner = (tree: TypeTree) => (random.chance(0.15) ? "NULL" : literal(tree, random));
  if (type.kind === "list") {
    const elements = Array.from({ length: random.below(4) }, () => inner(type.element));
    return `[${elements.join(", ")}]::${formatType(type)}`;
  }
  if (type.kind === "struct") {
    const fields = type.fields.map((field) => `'${field.name}': ${inner(field.type)}`);
    return `{${fields.join(", ")}}::${formatType(type)}`;
  }
  const map = /^MAP\(VARCHAR, (.*)\)$/s.exec(type.name);
  if (map) {
    const value = parseType(map[1] ?? "");
    const keys = ["k", "키 1"].slice(0, random.below(3));
    return `MAP([${keys.map((key) => `'${key}'`).join(", ")}], [${keys.map(() => inner(value)).join(", ")}])::${type.name}`;
  }
  const values = SCALARS[type.name] ?? [];
  return `CAST(${random.pick(values)} AS ${type.name})`;
}

/** The type that a column of a type is stored in; undefined for JSON text. */
export function storedType(type: string, values: readonly string[]): string | undefined {
  const tree = parseType(type);
  if (tree.kind === "list") {
    const element = storedType(formatType(tree.element), values);
    return element === undefined ? undefined : `${element}[]`;
  }
  if (tree.kind === "struct" || tree.name.startsWith("MAP(")) return undefined;
  if (/^U?(TINY|SMALL)INT$/.test(type)) return "INTEGER";
  if (type === "UINTEGER") return "BIGINT";
  if (type === "TIMESTAMP_NS" && values.some((value) => /\.\d{7,9}'/.test(value))) return "VARCHAR";
  return type.startsWith("TIMESTAMP") ? "TIMESTAMP" : type;
}

/** SQL that gives the table. */
export function tableSql(columns: readonly MadeColumn[]): string {
  const rowCount = columns[0]?.values.length ?? 0;
  const rows = Array.from(
    { length: rowCount },
    (_, row) => `(${row}, ${columns.map(({ values }) => values[row]).join(", ")})`,
  );
  const names = columns.map(({ name }) => name);
  const selects = columns.map(({ name, type }) => `CAST(${name} AS ${type}) AS ${name}`);
  return `SELECT ${selects.join(", ")} FROM (VALUES ${rows.join(", ")}) AS t(row_at, ${names.join(", ")}) ORDER BY row_at`;
}
