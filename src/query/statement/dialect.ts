import type { Column } from "../../schema/columns.ts";
import {
  comparePartitions,
  PARTITION_COLUMNS,
  type PartitionKey,
  type Selection,
} from "../../schema/partition.ts";
import { renderFilters } from "../row-filters.ts";
import type { DescribedPartition, RowPlan } from "../row-plan.ts";
import { quoteName, quoteNames, quoteText } from "../sql.ts";
import { renderCondition } from "./condition.ts";
import { trinoType } from "./types.ts";

/** Table names for statements; Athena and Trino share the SQL. */
export interface Tables {
  catalog: string;
  partitions: string;
}

/** Columns of the partition table, in the order of `renderKnown`. */
export const KNOWN_COLUMNS = [
  ...PARTITION_COLUMNS,
  "rows",
  "bytes",
  "columns",
  "features",
  "generation",
] as const;

/** The selected partitions of the newest complete sync; `columns` narrows what is read. */
export function renderKnown(
  { partitions }: Tables,
  selection: Selection,
  columns: readonly (typeof KNOWN_COLUMNS)[number][] = KNOWN_COLUMNS,
): string {
  const newest = `generation = (SELECT max(generation) FROM ${partitions})`;
  return `SELECT ${quoteNames(columns)} FROM ${partitions} WHERE ${allOf([newest, ...selected(selection)])}`;
}

/** Matching rows per partition: the four names and `rows`, without empty ones. */
export function renderCounts(tables: Tables, plan: RowPlan, selection: Selection): string {
  const keys = quoteNames(PARTITION_COLUMNS);
  return `SELECT ${keys}, count(*) AS "rows" FROM ${tables.catalog} WHERE ${where(plan, plan.partitions, selection)} GROUP BY ${keys}`;
}

export interface RowsRequest {
  plan: RowPlan;
  selection: Selection;
  partitions: readonly PartitionKey[];
  /** The plan's columns, in output order. */
  columns: readonly Column[];
  /** DuckDB types of the table's columns, by name. */
  stored: ReadonlyMap<string, string>;
  rowLimit: number | undefined;
}

/** The rows of a plan in order, each column in the Trino type of the plan. */
export function renderRows(tables: Tables, request: RowsRequest): string {
  const { plan, selection, partitions, columns, stored, rowLimit } = request;
  const list = columns.map(({ name, type }) => selectColumn(name, stored.get(name) ?? type, type));
  const limit = rowLimit === undefined ? "" : ` LIMIT ${rowLimit}`;
  return (
    `SELECT ${list.join(", ")} FROM ${tables.catalog} WHERE ${where(plan, partitions, selection)}` +
    ` ORDER BY ${orderOf(partitions, stored).join(", ")}${limit}`
  );
}

function where(plan: RowPlan, partitions: readonly PartitionKey[], selection: Selection): string {
  const found = plan.conditions.map((condition) =>
    renderCondition(condition, isNormal(plan.partitions, condition.columns)),
  );
  const conditions = [...found, ...renderFilters(plan.filters, undefined, { isTyped: true })];
  return allOf([...matchPartitions(partitions, selection), ...conditions]);
}

/** Whether all texts in these columns are known to be in NFC. */
function isNormal(partitions: readonly DescribedPartition[], columns: readonly Column[]): boolean {
  const names = new Set(columns.map(({ name }) => name));
  return partitions.every((partition) =>
    partition.columns.every(
      ({ name, type, nulls, nfc }) =>
        !names.has(name) || nfc === true || type !== "VARCHAR" || nulls === partition.rows,
    ),
  );
}

function selectColumn(name: string, stored: string, wanted: string): string {
  const column = quoteName(name);
  const type = trinoType(wanted);
  if (trinoType(stored) === type) return column;
  const text = stored === "VARCHAR" && (type === "double" || type === "real");
  return `CAST(${text ? floatText(column) : column} AS ${type}) AS ${column}`;
}

function floatText(column: string): string {
  return `CASE ${column} WHEN 'inf' THEN 'Infinity' WHEN '-inf' THEN '-Infinity' WHEN 'nan' THEN 'NaN' ELSE ${column} END`;
}

/** Trino orders texts by code points, partitions are ordered by UTF-16 units: not the same for surrogates. */
function orderOf(partitions: readonly PartitionKey[], stored: ReadonlyMap<string, string>): string[] {
  const within = ["upload_id", "source_row"].filter((name) => stored.has(name));
  const encoded = partitions.map((key) => Buffer.from(joinKey(key, "\0")));
  const agree = encoded.every((name, at) => at === 0 || Buffer.compare(encoded[at - 1] as Buffer, name) <= 0);
  const names = agree ? [] : partitions.map((key) => joinKey(key, "/"));
  const keys = agree
    ? quoteNames(PARTITION_COLUMNS)
    : `array_position(ARRAY[${names.map(quoteText).join(", ")}], concat_ws('/', ${quoteNames(PARTITION_COLUMNS)}))`;
  return [keys, ...within.map(quoteName)];
}

function joinKey(key: PartitionKey, separator: string): string {
  return PARTITION_COLUMNS.map((column) => key[column]).join(separator);
}

/** Statement length is limited to 262,144 bytes at Athena and a million characters at Trino. */
const MAX_FILTER_CHARACTERS = 60_000;

/**
 * Conditions that match exactly these partitions, on their names only, so that no other is opened. If too
 * long, the selection's conditions are used.
 */
export function matchPartitions(partitions: readonly PartitionKey[], selection: Selection): string[] {
  const exact = matchFrom([...partitions].sort(comparePartitions), 0);
  return exact.length <= MAX_FILTER_CHARACTERS ? [exact] : selected(selection);
}

/** Groups by the column at `depth`; values with equal remainders share one list. */
function matchFrom(keys: readonly PartitionKey[], depth: number): string {
  const column = PARTITION_COLUMNS[depth];
  if (column === undefined) return "true";
  const valuesByRest = new Map<string, string[]>();
  for (const [value, group] of Map.groupBy(keys, (key) => key[column])) {
    const rest = matchFrom(group, depth + 1);
    valuesByRest.set(rest, [...(valuesByRest.get(rest) ?? []), value]);
  }
  const branches = Array.from(valuesByRest, ([rest, values]) =>
    rest === "true" ? oneOf(column, values) : `(${oneOf(column, values)} AND ${rest})`,
  );
  if (branches.length === 0) return "false";
  return branches.length === 1 ? (branches[0] as string) : `(${branches.join(" OR ")})`;
}

function selected(selection: Selection): string[] {
  const { providers, datasets, tasks, variants } = selection;
  return [providers, datasets, tasks, variants].flatMap((values, at) =>
    values === undefined || values.length === 0 ? [] : [oneOf(PARTITION_COLUMNS[at] as string, values)],
  );
}

function oneOf(column: string, values: readonly string[]): string {
  return `${quoteName(column)} IN (${values.map(quoteText).join(", ")})`;
}

function allOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "true" : conditions.join(" AND ");
}
