import { AppError } from "../errors.ts";
import { type Column, type ColumnStats, type Features, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { describeFeatures } from "../schema/features.ts";
import { lakeColumnNames } from "../schema/image-columns.ts";
import { type JsonStep, parseJsonPath } from "../schema/json-path.ts";
import { mergeColumns } from "../schema/merge-columns.ts";
import {
  comparePartitions,
  createSelector,
  formatPartition,
  PARTITION_COLUMNS,
} from "../schema/partition.ts";
import { conditionOf, type PartitionCount, type RowQuery, searchedTexts } from "../schema/query.ts";
import type { RowFilter } from "../schema/row-filter.ts";
import type { RowKey } from "../schema/row-key.ts";
import { parseType } from "../schema/type-tree.ts";
import { describeMeetings } from "./met-columns.ts";
import { KEY_COLUMNS, namedRows, refuseGoneRows } from "./named-rows.ts";
import { planFilters } from "./row-filters.ts";
import { holdsText } from "./text-leaves.ts";

/** A row of an engine's table `partitions`, as far as queries need it. */
export interface DescribedPartition extends PartitionCount {
  bytes: number;
  columns: ColumnStats[];
  /** Hugging Face features by column, as JSON text. */
  features: string;
}

/** A condition on rows, checked against existing columns. */
export interface ColumnCondition {
  /** Columns to search, any of which may match; text columns for a text search. */
  columns: Column[];
  /** In NFC. */
  text: string | undefined;
  /** Path into the JSON of the single column. */
  steps: JsonStep[] | undefined;
  ignoreCase: boolean;
  /** In place of a text: these rows. */
  rows?: RowKey[];
}

/** What a row query reads; created without reading rows. */
export interface RowPlan<P extends DescribedPartition = DescribedPartition> {
  partitions: P[];
  /** Columns with a value somewhere in the selection: user columns, then lake columns. */
  columns: Column[];
  features: Features;
  /** Says how columns met that differ between the partitions. */
  notes(): string[];
  /** All of them hold, one for each text that is searched for. */
  conditions: ColumnCondition[];
  /** Hold as well. */
  filters: RowFilter[];
}

/**
 * Plans a query over an engine's partitions and the columns of its table `catalog`, or of all partitions if
 * each is read in its own types (`inOwnTypes`). Throws `not_found` if nothing is selected or the condition's
 * column does not exist, `usage` if it holds no text.
 */
export function planRows<P extends DescribedPartition>(
  known: readonly P[],
  table: readonly Column[],
  query: RowQuery,
  inOwnTypes = false,
): RowPlan<P> {
  const partitions = known
    .filter(createSelector(query))
    .filter(createSelectorOfRows(query))
    .sort(comparePartitions);
  if (partitions.length === 0) {
    refuseGoneRows(query, []);
    throw new AppError(
      "not_found",
      "the selection names no partition of the catalog; `datalake catalog partitions` lists what exists",
      { details: { ...query } },
    );
  }
  const columns = existingColumns(table, partitions, inOwnTypes);
  const condition = planCondition(query, partitions, columns, table);
  const texts = searchedTexts(query) ?? [undefined];
  const conditions = condition === undefined ? [] : texts.map((text) => ({ ...condition, text }));
  const filters = planFilters(query.where, columns, table);
  const features = commonFeatures(columns, partitions);
  const notes = () => describeMeetings(columns, partitions, features);
  return { partitions, columns, features, notes, conditions, filters };
}

function createSelectorOfRows(query: RowQuery): (partition: PartitionCount) => boolean {
  const keys = namedRows(query);
  if (keys === undefined) return () => true;
  const names = new Set(keys.map(formatPartition));
  return (partition) => names.has(formatPartition(partition));
}

const SEARCHED_SYSTEM_COLUMNS: ReadonlySet<string> = new Set(["source_name"]);
const SYSTEM_NAMES: ReadonlySet<string> = new Set(SYSTEM_COLUMNS.map(({ name }) => name));
const KEY_NAMES: ReadonlySet<string> = new Set(PARTITION_COLUMNS);

/**
 * The columns searched when none is given: uploaded text of at least one of these partitions, and file names.
 * Facts of an image column count as lake columns only in partitions with that column.
 */
export function searchedColumns(
  columns: readonly Column[],
  partitions: readonly { columns: readonly Column[] }[],
): Column[] {
  const searched = new Set(partitions.flatMap(({ columns: own }) => [...uploadedNames(own)]));
  return columns.filter(({ name, type }) => searched.has(name) && holdsText(type));
}

/** Every query asks for those of each partition that it selects. */
const UPLOADED = new WeakMap<readonly Column[], ReadonlySet<string>>();

/** Names of the columns that rows of such a partition brought themselves, plus file names. */
export function uploadedNames(columns: readonly Column[]): ReadonlySet<string> {
  const known = UPLOADED.get(columns) ?? findUploaded(columns);
  UPLOADED.set(columns, known);
  return known;
}

function findUploaded(columns: readonly Column[]): Set<string> {
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
  const rows = namedRows(condition);
  if (rows !== undefined) return { columns: [...KEY_COLUMNS], text, steps: undefined, ignoreCase, rows };
  const steps = path === undefined ? undefined : (parseJsonPath(path) as JsonStep[]);
  if (name === undefined) return { columns: searchedColumns(columns, partitions), text, steps, ignoreCase };
  const column = columns.find((one) => one.name === name);
  if (column === undefined) {
    // A column that is empty here matches nothing; one that is unknown is an error.
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

/** In the order of the selected partitions. */
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
 * The narrower type of the selected partitions: text elsewhere in the lake must not turn their numbers into
 * text. Only if the conversion back is exact.
 */
function narrowType(stored: string, selected: string | undefined): string {
  if (selected === undefined || stored === selected) return stored;
  const scalar = [stored, selected].every((type) => parseType(type).kind === "scalar");
  const rounded = stored === "DOUBLE" && !["FLOAT", "INTEGER", "SMALLINT", "TINYINT"].includes(selected);
  return scalar && !rounded ? selected : stored;
}

/** A given feature is kept only if every partition with the column agrees; others follow from the types. */
function commonFeatures(columns: readonly Column[], partitions: readonly DescribedPartition[]): Features {
  const claims = new Map<string, Set<string>>();
  for (const partition of partitions) {
    const features = JSON.parse(partition.features || "{}") as Features;
    for (const { name, nulls } of partition.columns) {
      if (nulls === partition.rows) continue; // all NULL
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
