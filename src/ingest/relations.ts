import type { Database } from "../query/database.ts";
import type { SourceColumn } from "./input.ts";

/** Names and DuckDB types of a relation's columns, in order. */
export async function describeRelation(database: Database, relation: string): Promise<SourceColumn[]> {
  const columns = await database.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${relation}`,
  );
  return columns.map((column) => ({ name: column.column_name, type: column.column_type }));
}
