import { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import type { SourceColumn } from "./input.ts";

/** Names and DuckDB types of a relation's columns, in order. Throws `invalid_input` for a name that no query can say. */
export async function describeRelation(database: Database, relation: string): Promise<SourceColumn[]> {
  const columns = await database.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${relation}`,
  );
  if (columns.some(({ column_name }) => column_name.includes("\0")))
    throw new AppError(
      "invalid_input",
      "a column's name contains a NUL; the file is damaged, or not a table",
    );
  return columns.map((column) => ({ name: column.column_name, type: column.column_type }));
}
