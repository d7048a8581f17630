import type { KnownPartition } from "../catalog/tables.ts";
import { interruptible } from "../query/database.ts";
import { byLayout, homeTable, ofParts, PART, readColumns } from "../query/duckdb/homes.ts";
import { quoteName } from "../query/sql.ts";
import { formatPartition } from "../schema/partition.ts";
import type { DoctorContext } from "./check.ts";

/**
 * Counts the values of every column by partition, in one scan of each row table of catalog `schema`. Returns
 * the places where the count differs from the partition's files.
 */
export async function countValues(
  { database, signal }: DoctorContext,
  schema: string,
  listed: readonly KnownPartition[],
): Promise<string[]> {
  const places: string[] = [];
  for (const group of byLayout(listed)) {
    const columns = group[0]?.columns ?? [];
    if (columns.length === 0) continue;
    const counts = columns.map(({ name }, at) => `count(${quoteName(name)}) AS n${at}`).join(", ");
    const rows = `SELECT ${[PART, ...readColumns(group, columns)].join(", ")}
      FROM ${quoteName(schema)}.${homeTable(group[0]?.home ?? 0)} WHERE ${ofParts(group)}`;
    const counted = await interruptible(database, signal, () =>
      database.rows<Record<string, number>>(
        `SELECT ${PART} AS part, ${counts} FROM (${rows}) GROUP BY ${PART}`,
      ),
    );
    const byPart = new Map(counted.map((row) => [row.part, row]));
    const positions = new Map(columns.map(({ name }, at) => [name, at]));
    for (const one of group) {
      const row = byPart.get(one.part);
      for (const { name, nulls } of one.columns) {
        const values = row?.[`n${positions.get(name)}`] ?? 0;
        if (values !== one.rows - nulls) {
          places.push(`${formatPartition(one)} (column ${name}: ${values} of ${one.rows - nulls} values)`);
        }
      }
    }
  }
  return places;
}
