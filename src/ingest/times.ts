import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteName } from "../query/sql.ts";
import { formatType, parseType, type TypeTree } from "../schema/type-tree.ts";
import type { Input, SourceColumn } from "./input.ts";
import { NANOSECONDS } from "./plain-types.ts";

/** The engine cannot say, sort or read back an earlier time; a file can hold one. In microseconds. */
const FIRST_TIME = "-9223372022400000000";
/** Days on which times are: others cannot meet times in a column of the same name. */
const FIRST_DAY = "DATE '290308-12-22 (BC)'";
const LAST_DAY = "DATE '294247-01-10'";

/**
 * Columns of times in nanoseconds that are no whole microseconds; columns of other types are not read for this. Throws
 * `invalid_input` for a time or day that is outside of what the lake holds.
 */
export async function finerColumns(
  columns: readonly SourceColumn[],
  input: Pick<Input, "path" | "rows">,
  database: Database,
): Promise<Set<string>> {
  const times = columns.filter(({ type }) => /^(TIMESTAMP|DATE)/.test(type));
  if (times.length === 0) return new Set();
  const tests = times.map(
    ({ name, type }, at) => `bool_or(${timeTest(parseType(type), quoteName(name))}) AS c${at}`,
  );
  const [found] = await database.rows<Record<string, boolean | null>>(
    `SELECT ${tests.join(", ")} FROM ${await input.rows()}`,
  );
  const hit = times.filter((_, at) => found?.[`c${at}`] === true);
  const early = hit.find(({ type }) => !isFine(type));
  if (early === undefined) return new Set(hit.map(({ name }) => name));
  const what = isDay(early.type)
    ? "day outside of the years -290307 to 294246"
    : "time before the year -290307";
  throw new AppError(
    "invalid_input",
    `${input.path} has a ${what} in the column ${JSON.stringify(early.name)}; leave it empty, or write the column as text`,
    { details: { path: input.path, column: early.name } },
  );
}

/** Nanoseconds begin later: none of them is too early. */
function isFine(type: string): boolean {
  return type.startsWith(NANOSECONDS);
}

function isDay(type: string): boolean {
  return type.startsWith("DATE");
}

function timeTest(type: TypeTree, value: string, depth = 0): string {
  if (type.kind !== "list" && isDay(formatType(type)))
    return `${value} NOT BETWEEN ${FIRST_DAY} AND ${LAST_DAY}`;
  if (type.kind !== "list")
    return isFine(formatType(type)) ? `epoch_ns(${value}) % 1000 <> 0` : `epoch_us(${value}) < ${FIRST_TIME}`;
  const element = `x${depth}`;
  const list = type.length === undefined ? value : `${value}::${formatType(type.element)}[]`;
  return `list_bool_or(list_transform(${list}, lambda ${element}: ${timeTest(type.element, element, depth + 1)}))`;
}
