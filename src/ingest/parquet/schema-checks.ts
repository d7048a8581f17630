import { AppError } from "../../errors.ts";
import type { Database } from "../../query/database.ts";
import { quoteText } from "../../query/sql.ts";

interface Element {
  name: string;
  children: number;
  precision: number | null;
}

const MAX_DIGITS = 38;

/**
 * Looks at the schema in a Parquet file's footer and gives the number of its columns. Throws `unsupported_format` naming
 * a column that the engine would change: decimals of more digits than it has, and names that are one to it.
 */
export async function checkParquetSchema(database: Database, path: string): Promise<number> {
  const elements = await database.rows<Element>(
    `SELECT name, coalesce(num_children, 0)::INTEGER AS children, precision::INTEGER AS precision
    FROM parquet_schema(${quoteText(path)})`,
  );
  let at = 0;
  /** The element at this place and all below it; `column` is the one that it is part of. */
  const visit = (column: string | undefined): void => {
    const element = elements[at++];
    if (element === undefined) return;
    const { precision, children } = element;
    if (column !== undefined && precision !== null && precision > MAX_DIGITS) {
      const limit = `${MAX_DIGITS} can be stored exactly; write it as text`;
      throw refuse(path, column, `holds decimals of ${precision} digits, and ${limit}`);
    }
    const names = new Map<string, string>();
    for (let child = 0; child < children; child++) {
      const name = elements[at]?.name ?? "";
      if (column !== undefined && name === "")
        throw refuse(path, column, "has a field without a name; name it");
      const other = names.get(name.toLowerCase());
      if (other !== undefined) {
        const both = `${JSON.stringify(other)} and ${JSON.stringify(name)}`;
        throw refuse(
          path,
          column ?? name,
          `has a name that differs from another in case only (${both}); rename one`,
        );
      }
      names.set(name.toLowerCase(), name);
      visit(column ?? name);
    }
  };
  visit(undefined);
  return elements[0]?.children ?? 0;
}

function refuse(path: string, column: string, what: string): AppError {
  const message = `${path}: the column ${JSON.stringify(column)} ${what}`;
  return new AppError("unsupported_format", message, { details: { path, column } });
}

/** Columns of a file of which some part meets a condition in SQL over parquet_schema(). */
export async function columnsHolding(
  database: Database,
  path: string,
  condition: string,
): Promise<Set<string>> {
  const elements = await database.rows<{ name: string; children: number; holds: boolean }>(
    `SELECT name, coalesce(num_children, 0)::INTEGER AS children, coalesce(${condition}, false) AS holds
    FROM parquet_schema(${quoteText(path)}) ORDER BY column_id`,
  );
  const found = new Set<string>();
  let at = 1;
  const visit = (): boolean => {
    const element = elements[at++];
    let holds = element?.holds ?? false;
    for (let child = 0; child < (element?.children ?? 0); child++) holds = visit() || holds;
    return holds;
  };
  for (let column = 0; column < (elements[0]?.children ?? 0); column++) {
    const { name = "" } = elements[at] ?? {};
    if (visit()) found.add(name);
  }
  return found;
}
