import { AppError } from "../errors.ts";
import type { Column } from "../schema/columns.ts";
import {
  isMeasure,
  isOfLabel,
  LABEL_TERMS,
  MEASURES,
  type Measure,
  type Range,
  type RowFilter,
  readFilters,
} from "../schema/row-filter.ts";
import { parseType } from "../schema/type-tree.ts";
import { nearestWord } from "../util/nearest.ts";
import { quoteName, quoteText } from "./sql.ts";

/** SQL of what labels hold, where an engine knows it. */
export interface LabelSql {
  measure(name: Measure): string;
  /** That the label has one of these; an empty one is a region without. */
  holds(name: string, values: readonly string[]): string;
}

/**
 * Reads a query's filters. Throws `not_found` if one names a column that is nowhere, `usage` if its values are no single
 * texts, numbers or truths.
 */
export function planFilters(
  texts: readonly string[] | undefined,
  columns: readonly Column[],
  table: readonly Column[],
): RowFilter[] {
  const filters = readFilters(texts ?? []);
  for (const { name } of filters) {
    if (isMeasure(name) || isOfLabel(name)) continue;
    const column = [...columns, ...table].find((one) => one.name === name);
    if (column === undefined) throw unknownColumn(name, columns);
    if (parseType(column.type).kind === "scalar" && column.type !== "BLOB") continue;
    throw new AppError(
      "usage",
      `the column ${JSON.stringify(name)} has the type ${column.type}; filter by a column of texts, numbers or truths, or search for a text`,
      { details: { column: name, type: column.type } },
    );
  }
  const types = new Map(table.map(({ name, type }) => [name, type]));
  return filters.map((filter) => {
    if (!("ranges" in filter)) {
      const type = types.get(filter.name);
      return type === undefined ? filter : { ...filter, type };
    }
    // No row has a size where no partition has images: not even the column.
    return columnsOfName(filter.name).every(({ name }) => types.has(name))
      ? filter
      : { ...filter, ranges: [] };
  });
}

function unknownColumn(name: string, columns: readonly Column[]): AppError {
  const names = columns.map((one) => one.name);
  const near = nearestWord(name, [...names, ...MEASURES, ...LABEL_TERMS]);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new AppError(
    "not_found",
    `the selection has no column ${JSON.stringify(name)} to filter by${hint}`,
    { details: { column: name, columns: names } },
  );
}

/** What filters and orders read, in types that hold every value; labels are no columns. */
export function columnsOfName(name: string): Column[] {
  if (name === "image.pixels") {
    return [
      { name: "width", type: "BIGINT" },
      { name: "height", type: "BIGINT" },
    ];
  }
  if (isOfLabel(name)) return [];
  return [{ name, type: isMeasure(name) ? "BIGINT" : "VARCHAR" }];
}

/** SQL of the value that a name stands for, the same in every dialect. */
export function renderValue(name: string, labels: LabelSql | undefined): string {
  if (name === "image.pixels") {
    const [width, height] = ["width", "height"].map((side) => `CAST(${quoteName(side)} AS BIGINT)`);
    return `${width} * ${height}`;
  }
  if (!isMeasure(name)) return `CAST(${quoteName(name)} AS VARCHAR)`;
  return isOfLabel(name) ? requireLabels(name, labels).measure(name) : quoteName(name);
}

/**
 * A condition for each filter; with `isTyped` on columns as the table has them, else on what `columnsOfName` says. Throws
 * `usage` for one of labels that the engine does not know.
 */
export function renderFilters(
  filters: readonly RowFilter[],
  labels?: LabelSql,
  { isTyped = false } = {},
): string[] {
  return filters.map((filter) => {
    if ("ranges" in filter) {
      const value = renderValue(filter.name, labels);
      return anyOf(filter.ranges.map((range) => renderRange(value, range)));
    }
    const { name } = filter;
    const values = inEitherForm(filter.values);
    if (isOfLabel(name)) return requireLabels(name, labels).holds(name, values);
    const value = renderValue(name, labels);
    const given = values.filter((text) => text !== "");
    return anyOf([
      ...(isTyped && isFloat(filter.type) ? floatsIn(filter.type, name, given) : textsIn(value, given)),
      ...(given.length === values.length ? [] : [`${value} IS NULL`, `${value} = ''`]),
    ]);
  });
}

const FLOATS = { DOUBLE: "double", FLOAT: "real" } as const;

function isFloat(type: string | undefined): type is keyof typeof FLOATS {
  return type !== undefined && Object.hasOwn(FLOATS, type);
}

/** Trino writes 1.5 as 1.5E0: there floats are compared as numbers. */
function floatsIn(type: keyof typeof FLOATS, name: string, given: readonly string[]): string[] {
  const numbers = given.filter((text) => /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text));
  if (numbers.length === 0) return [];
  const list = numbers.map((text) => `CAST(${quoteText(text)} AS ${FLOATS[type]})`);
  return [`${quoteName(name)} IN (${list.join(", ")})`];
}

function textsIn(value: string, given: readonly string[]): string[] {
  return given.length === 0 ? [] : [`${value} IN (${given.map(quoteText).join(", ")})`];
}

/** Stored texts have the Unicode form that they came in; no engine has to compose each of them for this. */
function inEitherForm(values: readonly string[]): string[] {
  return [...new Set(values.flatMap((text) => [text, text.normalize("NFC"), text.normalize("NFD")]))];
}

function renderRange(value: string, { from, to }: Range): string {
  const bounds = [
    ...(from === undefined ? [] : [`${value} >= ${from}`]),
    ...(to === undefined ? [] : [`${value} < ${to}`]),
  ];
  return `(${bounds.join(" AND ")})`;
}

function requireLabels(name: string, labels: LabelSql | undefined): LabelSql {
  if (labels) return labels;
  throw new AppError(
    "usage",
    `only the engine duckdb filters by ${name}, of labels that were counted; leave the filter out, or take that engine`,
    { details: { name } },
  );
}

function anyOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? "false" : `(${conditions.join(" OR ")})`;
}
