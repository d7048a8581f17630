import { jsonOf } from "../query/duckdb/json-text.ts";
import { quoteName } from "../query/sql.ts";
import { formatType, parseType } from "../schema/type-tree.ts";
import { namedColumns } from "./as-written.ts";
import type { Input } from "./input.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/**
 * The input with JSON text in place of the numbers, booleans and lists that meet columns of JSON text in the partition.
 * Undefined where the lake refused the types (`type_mismatch`) for another reason.
 */
export function readAsJson(
  input: Input,
  columns: readonly PlannedColumn[],
  error: unknown,
): Input | undefined {
  const named = namedColumns(columns, error, "json_columns");
  const wanted = new Set(named.map(({ source }) => source));
  const meant = input.columns.filter(({ name, type }) => wanted.has(name) && hasJson(type));
  if (meant.length === 0) return undefined;
  const replaced = meant.map(
    ({ name, type }) =>
      `CAST(${jsonOf(parseType(type), quoteName(name), "text")} AS VARCHAR) AS ${quoteName(name)}`,
  );
  return {
    ...input,
    columns: input.columns.map((column) =>
      meant.includes(column) ? { name: column.name, type: "VARCHAR", json: "value" } : column,
    ),
    rows: async (signal) =>
      `(SELECT * REPLACE (${replaced.join(", ")}) FROM ${await input.rows(signal)} AS "@rows")`,
  };
}

/** Types of numbers that JSON has. */
export const JSON_NUMBER = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT)|HUGEINT|FLOAT|DOUBLE|DECIMAL\(.*\))$/;

/** Whether JSON has values of a type: those of others become texts there. */
function hasJson(type: string): boolean {
  const tree = parseType(type);
  if (tree.kind === "list")
    return hasJson(formatType(tree.element)) || formatType(tree.element) === "VARCHAR";
  return tree.kind === "scalar" && (JSON_NUMBER.test(type) || type === "BOOLEAN");
}
