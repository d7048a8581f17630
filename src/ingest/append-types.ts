import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { castValue } from "../query/duckdb/cast.ts";
import { earlierType } from "../schema/column-types.ts";
import type { Column } from "../schema/columns.ts";
import { listLevels, saidType } from "../schema/open-types.ts";
import type { UploadMode } from "../schema/upload.ts";
import type { Input } from "./input.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/** Integers up to it are exact as DOUBLE. */
const MAX_EXACT = 2 ** 53;

interface Offer {
  input: Input;
  mode: UploadMode;
  database: Database;
}

/**
 * The columns as they are staged, and what the lake answers to the types that they offer. Where types do not meet, a
 * column that is NULL in every row is offered once more without one: pandas gives such integers the type DOUBLE.
 */
export async function fitTypes<T extends { columns: readonly Column[] }>(
  columns: readonly PlannedColumn[],
  offer: Offer,
  ask: (offered: readonly Column[]) => Promise<T>,
): Promise<{ fitted: PlannedColumn[]; answer: T }> {
  const offered = await offerTypes(columns, offer);
  try {
    const answer = await ask(offered);
    return { fitted: adoptTypes(columns, offered, answer.columns), answer };
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "type_mismatch") throw error;
    const bare = await columnsOfNulls(columns, offer);
    if (bare.size === 0) throw error;
    const untyped = { type: "VARCHAR", expression: "NULL", isOpen: true };
    const opened = columns.map((column) => (bare.has(column.name) ? { ...column, ...untyped } : column));
    const again = await offerTypes(opened, offer);
    const answer = await ask(again);
    return { fitted: adoptTypes(opened, again, answer.columns), answer };
  }
}

/** Names of columns that are NULL in every row of the input. */
export async function columnsOfNulls(
  columns: readonly PlannedColumn[],
  { input, database }: Offer,
): Promise<Set<string>> {
  const given = new Set(input.columns.map(({ name }) => name));
  const own = columns.filter(({ source, isOpen }) => given.has(source) && !isOpen);
  if (own.length === 0) return new Set();
  const counts = own.map(({ expression }, at) => `count(${expression}) AS c${at}`);
  const [found] = await database.rows<Record<string, number>>(
    `SELECT ${counts.join(", ")} FROM ${await input.rows()}`,
  );
  return new Set(own.filter((_, at) => found?.[`c${at}`] === 0).map(({ name }) => name));
}

/**
 * The types that an upload offers to the partition it is added to, column by column: open where no value says one
 * (`NULL`, `NULL[]`), and INTEGER for integers that a DOUBLE holds as well, in lists too.
 */
async function offerTypes(
  columns: readonly PlannedColumn[],
  { input, mode, database }: Offer,
): Promise<Column[]> {
  const offered = columns.map(asOffered);
  const whole = columns.filter(({ type, isOpen }) => /^BIGINT(\[\])*$/.test(type) && !isOpen);
  if (mode !== "append" || whole.length === 0) return offered;
  const tests = whole.map(
    ({ type, expression }, at) => `bool_and(${isExact(expression, listLevels(type))}) AS c${at}`,
  );
  const [small] = await database.rows<Record<string, boolean | null>>(
    `SELECT ${tests.join(", ")} FROM ${await input.rows()}`,
  );
  const exact = new Set(whole.filter((_, at) => small?.[`c${at}`] !== false).map(({ name }) => name));
  return offered.map((column) =>
    exact.has(column.name) ? { ...column, type: smaller(column.type) } : column,
  );
}

function smaller(type: string): string {
  return type.replace("BIGINT", "INTEGER");
}

/** SQL that a DOUBLE holds an integer, or all of those in lists of so many levels. */
function isExact(value: string, levels: number): string {
  if (levels === 0) return `abs(${value}::HUGEINT) <= ${MAX_EXACT}`;
  const element = `x${levels}`;
  return `list_bool_and(list_transform(${value}, lambda ${element}: ${isExact(element, levels - 1)}))`;
}

/** What a person should know of columns whose numbers are stored as the text that the partition has there. */
export function numbersAsText(columns: readonly PlannedColumn[], fitted: readonly PlannedColumn[]): string[] {
  const isText = ({ type }: PlannedColumn, at: number) =>
    /^VARCHAR(\[\])*$/.test(type) && type !== columns[at]?.type && !columns[at]?.isOpen;
  const names = fitted.filter(isText).map(({ name }) => name);
  if (names.length === 0) return [];
  return [`the numbers of ${names.join(", ")} are kept as text: the partition has text there`];
}

/** What a column says of its type: open where no value says one (`NULL`, `NULL[]`). */
export function asOffered({ name, type, isOpen }: PlannedColumn): Column {
  return { name, type: saidType({ type, open: isOpen }) };
}

/** The columns as they are staged: with the type of the partition where what was offered leaves it open. */
function adoptTypes(
  columns: readonly PlannedColumn[],
  offered: readonly Column[],
  there: readonly Column[],
): PlannedColumn[] {
  const types = new Map(there.map(({ name, type }) => [name, type]));
  return columns.map((column, at) => {
    const type = types.get(column.name);
    if (type === undefined) return column;
    const { isOpen, ...typed } = column;
    const { expression } = typed;
    if (type === column.type) return typed;
    const isList = listLevels(column.type) > 0;
    if (isOpen && isList && type === "VARCHAR") {
      return { ...typed, type, expression: `CAST(to_json(${expression}) AS VARCHAR)` };
    }
    // exact either way: as earlier versions stored what is there
    const isEarlier = type === earlierType(column.type);
    const isWhole = offered[at]?.type !== column.type && type === column.type.replace("BIGINT", "DOUBLE");
    if (!isOpen && !isWhole && !isEarlier) return column;
    if (isOpen && !isList) return { ...typed, type, expression: `CAST(NULL AS ${type})` };
    return { ...typed, type, expression: castValue(expression, column.type, type) };
  });
}
