import type { KnownPartition } from "../../catalog/tables.ts";
import { interruptible } from "../../query/database.ts";
import { quoteName } from "../../query/sql.ts";
import { formatPartition, PARTITION_COLUMNS } from "../../schema/partition.ts";
import type { DoctorContext } from "./check.ts";

/**
 * Counts, in one scan of the attached catalog `schema`, the values of every column by partition, and gives the places
 * where they are not as many as the partition's files hold.
 */
export async function countValues(
  { database, signal }: DoctorContext,
  schema: string,
  listed: readonly KnownPartition[],
): Promise<string[]> {
  const columns = [...new Set(listed.flatMap((one) => one.columns.map((column) => column.name)))];
  if (columns.length === 0) return [];
  const counts = columns.map((name, at) => `count(${quoteName(name)}) AS n${at}`).join(", ");
  const keys = PARTITION_COLUMNS.join(", ");
  const counted = await interruptible(database, signal, () =>
    database.rows<Record<string, string | number>>(
      `SELECT ${keys}, ${counts} FROM ${quoteName(schema)}.catalog GROUP BY ${keys}`,
    ),
  );
  const byName = new Map(
    counted.map((row) => [PARTITION_COLUMNS.map((column) => row[column]).join("/"), row]),
  );
  const places: string[] = [];
  for (const one of listed) {
    const name = formatPartition(one);
    const row = byName.get(name);
    for (const { name: column, nulls } of one.columns) {
      const values = Number(row?.[`n${columns.indexOf(column)}`] ?? 0);
      if (values !== one.rows - nulls) {
        places.push(`${name} (column ${column}: ${values} of ${one.rows - nulls} values)`);
      }
    }
  }
  return places;
}
