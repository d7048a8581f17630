import { AppError } from "../errors.ts";
import { type Column, type ColumnStats, type Features, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import { lakeColumnNames } from "../schema/image-columns.ts";
import { type JsonStep, parseJsonPath } from "../schema/json-path.ts";
import { mergeColumns } from "../schema/merge-columns.ts";
import { comparePartitions, createSelector, PARTITION_COLUMNS } from "../schema/partition.ts";
import { conditionOf, type PartitionCount, type RowQuery } from "../schema/query.ts";
import { parseType } from "../schema/type-tree.ts";
import { holdsText } from "./text-leaves.ts";

/** What an engine's table `partitions` says of one, as far as queries need it. */
export interface DescribedPartition extends PartitionCount {
  bytes: number;
  columns: ColumnStats[];
  /** Hugging Face features by column, as JSON text. */
  features: string;
}

/** A condition on rows, checked against the columns that are there. */
export interface ColumnCondition {
  /** The columns in any of which it may hold; texts, where a text is searched. */
  columns: Column[];
  /** In NFC. */
  text: string | undefined;
  /** Into the JSON of the one column. */
  steps: JsonStep[] | undefined;
  ignoreCase: boolean;
}

/** What a query for rows reads; made without reading any. */
export interface RowPlan<P extends DescribedPartition = DescribedPartition> {
  /** Selected, sorted. */
  partitions: P[];
  /** Those that hold a value somewhere in the selection: where and what first, the rows' own, then the lake's. */
  columns: Column[];
  features: Features;
  condition: ColumnCondition | undefined;
}

/**
 * Plans a query over the partitions that an engine knows and the columns of its table `catalog`, or of all partitions
 * where each is read in its own types (`inOwnTypes`). Throws `not_found` when nothing is selected or the condition's
 * column is not there, `usage` when that column holds no text.
 */
export function planRows<P extends DescribedPartition>(
  known: readonly P[],
  table: readonly Column[],
  query: RowQuery,
  inOwnTypes = false,
): RowPlan<P> {
  const partitions = known.filter(createSelector(query)).sort(comparePartitions);
  if (partitions.length === 0) {
    throw new AppError(
      "not_found",
      "the selection names no partition of the catalog; `datalake catalog partitions` lists what exists",
      { details: { ...query } },
    );
  }
  const columns = existingColumns(table, partitions, inOwnTypes);
  const condition = planCondition(query, partitions, columns, table);
  return { partitions, columns, features: commonFeatures(columns, partitions), condition };
}

/** The lake's own columns that people search: the name a file came with. */
const SEARCHED_SYSTEM_COLUMNS: ReadonlySet<string> = new Set(["source_name"]);
const SYSTEM_NAMES: ReadonlySet<string> = new Set(SYSTEM_COLUMNS.map(({ name }) => name));
const KEY_NAMES: ReadonlySet<string> = new Set(PARTITION_COLUMNS);

/**
 * The columns of `columns` that a search without a column looks into: text that came with an upload to one of these
 * partitions, or a file's name. Facts of an image column are the lake's only in the partitions that have that column.
 */
export function searchedColumns(
  columns: readonly Column[],
  partitions: readonly { columns: readonly Column[] }[],
): Column[] {
  const searched = new Set(partitions.flatMap(({ columns: own }) => [...uploadedNames(own)]));
  return columns.filter(({ name, type }) => searched.has(name) && holdsText(type));
}

/** Whether the rows of a partition that has these columns brought this one themselves, or it is a file's name. */
export function uploadedNames(columns: readonly Column[]): Set<string> {
  const ofLake = lakeColumnNames(columns);
  const isUploaded = (name: string) => !ofLake.has(name) && !KEY_NAMES.has(name);
  const names = columns.map(({ name }) => name);
  return new Set(names.filter((name) => isUploaded(name) || SEARCHED_SYSTEM_COLUMNS.has(name)));
}

function planCondition(
  query: RowQuery,
  partitions: readonly DescribedPartition[],
  columns: readonly Column[],
  table: readonly Column[],
): ColumnCondition | undefined {
  const condition = conditionOf(query);
  if (condition === undefined) return undefined;
  const { text, column: name, json_path: path, ignore_case: ignoreCase = false } = condition;
  const steps = path === undefined ? undefined : (parseJsonPath(path) as JsonStep[]);
  if (name === undefined) return { columns: searchedColumns(columns, partitions), text, steps, ignoreCase };
  const column = columns.find((one) => one.name === name);
  if (column === undefined) {
    // A column that is empty here holds no text; one that is nowhere was misspelt.
    if (table.some((one) => one.name === name)) return { columns: [], text, steps, ignoreCase };
    const names = searchedColumns(columns, partitions).map((one) => one.name);
    throw new AppError(
      "not_found",
      `the selection has no column ${JSON.stringify(name)}; its text columns are ${names.join(", ") || "none"}`,
      { details: { column: name, columns: names } },
    );
  }
  const isFit =
    steps === undefined ? text === undefined || holdsText(column.type) : column.type === "VARCHAR";
  if (!isFit) {
    const advice = holdsText(column.type) ? "search it without a path" : "search a text column";
    throw new AppError(
      "usage",
      `the column ${JSON.stringify(name)} has the type ${column.type}, not text; ${advice}, or use \`datalake sql\``,
      { details: { column: name, type: column.type } },
    );
  }
  return { columns: [column], text, steps, ignoreCase };
}

/** In the order in which the selected partitions have them. */
function existingColumns(
  table: readonly Column[],
  partitions: readonly DescribedPartition[],
  inOwnTypes: boolean,
): Column[] {
  const held = new Set<string>();
  for (const { columns, rows } of partitions) {
    for (const { name, nulls } of columns) if (nulls < rows) held.add(name);
  }
  const types = new Map(mergeColumns(partitions).map(({ name, type }) => [name, type]));
  const system = SYSTEM_COLUMNS.map(({ name }) => name);
  const own = [...types.keys()].filter((name) => !SYSTEM_NAMES.has(name));
  const order = new Map([...PARTITION_COLUMNS, ...own, ...system].map((name, at) => [name, at]));
  const place = ({ name }: Column) => order.get(name) ?? order.size;
  const ofLake = lakeColumnNames(table.filter(({ name }) => held.has(name)));
  const rank = ({ name }: Column) =>
    KEY_NAMES.has(name) ? 0 : SYSTEM_NAMES.has(name) ? 3 : ofLake.has(name) ? 2 : 1;
  return table
    .filter(({ name }) => KEY_NAMES.has(name) || held.has(name))
    .map(({ name, type }) => {
      const selected = types.get(name);
      return { name, type: inOwnTypes ? (selected ?? type) : narrowType(type, selected) };
    })
    .sort((a, b) => rank(a) - rank(b) || place(a) - place(b));
}

/**
 * The type that the selected partitions alone have: a text column elsewhere in the lake does not make text of their
 * numbers. Only where the way back is exact.
 */
function narrowType(stored: string, selected: string | undefined): string {
  if (selected === undefined || stored === selected) return stored;
  const scalar = [stored, selected].every((type) => parseType(type).kind === "scalar");
  const rounded = stored === "DOUBLE" && !["FLOAT", "INTEGER", "SMALLINT", "TINYINT"].includes(selected);
  return scalar && !rounded ? selected : stored;
}

/** A given feature stays only where every partition that has the column agrees on it; the rest follow from the types. */
function commonFeatures(columns: readonly Column[], partitions: readonly DescribedPartition[]): Features {
  const claims = new Map<string, Set<string>>();
  for (const partition of partitions) {
    const features = JSON.parse(partition.features || "{}") as Features;
    for (const { name, nulls } of partition.columns) {
      if (nulls === partition.rows) continue; // has nothing to say
      claims.set(name, (claims.get(name) ?? new Set()).add(JSON.stringify(features[name] ?? null)));
    }
  }
  const agreed: Features = {};
  for (const [name, texts] of claims) {
    const [text = "null"] = texts;
    if (texts.size === 1) agreed[name] = JSON.parse(text);
  }
  return describeFeatures(columns, agreed);
}
