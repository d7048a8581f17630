import type { Database } from "../query/database.ts";
import { earlierType } from "../schema/column-types.ts";
import type { Column } from "../schema/columns.ts";
import type { UploadMode } from "../schema/upload.ts";
import type { Input } from "./input.ts";
import type { PlannedColumn } from "./upload-plan.ts";

/** Integers up to it are exact as DOUBLE. */
const MAX_EXACT = 2 ** 53;

/**
 * The types that an upload offers to the partition it is added to, column by column: open where no value says one
 * (`NULL`, `NULL[]`), and INTEGER for integers that a DOUBLE holds as well.
 */
export async function offerTypes(
  columns: readonly PlannedColumn[],
  { input, mode, database }: { input: Input; mode: UploadMode; database: Database },
): Promise<Column[]> {
  const offered = columns.map(({ name, type, isOpen }) => ({
    name,
    type: isOpen ? `NULL${"[]".repeat(listLevels(type))}` : type,
  }));
  const whole = columns.filter(({ type, isOpen }) => type === "BIGINT" && !isOpen);
  if (mode !== "append" || whole.length === 0) return offered;
  const tests = whole.map(
    ({ expression }, at) => `bool_and(abs(${expression}::HUGEINT) <= ${MAX_EXACT}) AS c${at}`,
  );
  const [small] = await database.rows<Record<string, boolean | null>>(
    `SELECT ${tests.join(", ")} FROM ${await input.rows()}`,
  );
  const exact = new Set(whole.filter((_, at) => small?.[`c${at}`] !== false).map(({ name }) => name));
  return offered.map((column) => (exact.has(column.name) ? { ...column, type: "INTEGER" } : column));
}

/** The columns as they are staged: with the type of the partition where what was offered leaves it open. */
export function adoptTypes(
  columns: readonly PlannedColumn[],
  offered: readonly Column[],
  there: readonly Column[],
): PlannedColumn[] {
  const types = new Map(there.map(({ name, type }) => [name, type]));
  return columns.map((column, at) => {
    const type = types.get(column.name);
    if (type === undefined || type === column.type) return column;
    const { expression, isOpen } = column;
    const isList = listLevels(column.type) > 0;
    if (isOpen && isList && type === "VARCHAR") {
      return { ...column, type, expression: `CAST(to_json(${expression}) AS VARCHAR)` };
    }
    // exact either way: as earlier versions stored what is there
    const isEarlier = type === earlierType(column.type);
    const isWhole = offered[at]?.type === "INTEGER" && type === "DOUBLE";
    if (!isOpen && !isWhole && !isEarlier) return column;
    return { ...column, type, expression: `CAST(${isOpen && !isList ? "NULL" : expression} AS ${type})` };
  });
}

function listLevels(type: string): number {
  return type.split("[]").length - 1;
}
