import { homeTable, layoutOf, PART, ROW, readColumns } from "../query/duckdb/homes.ts";
import { retryWithLessMemory } from "../query/less-memory.ts";
import { insertRanges } from "../query/search-index/ranges.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { Build } from "./build.ts";
import { createHome, deleteRows, homesIn, insertSql } from "./home-tables.ts";
import { withWhole } from "./open.ts";
import type { KnownPartition } from "./tables.ts";

/**
 * Keeps the rows that the published catalog has of partitions which cannot be loaded now: they are copied where the work
 * file does not hold them as they were. Gives, with the error, those that do not fit, as `doesNotFit` says of an error.
 */
export async function carryOver(
  build: Build,
  keys: readonly PartitionKey[],
  doesNotFit: (error: unknown) => boolean,
): Promise<{ key: PartitionKey; error: unknown }[]> {
  const { database, lake, partitions, published } = build;
  const held = new Map(published?.partitions.map((partition) => [formatPartition(partition), partition]));
  const unkept: { key: PartitionKey; error: unknown }[] = [];
  const missing: { key: PartitionKey; from: KnownPartition; to: KnownPartition }[] = [];
  for (const key of keys) {
    const [from, to] = [held.get(formatPartition(key)), partitions.get(formatPartition(key))];
    if (from && to && !(await holdsRows(build, from, to))) missing.push({ key, from, to });
  }
  if (missing.length === 0) return [];
  await withWhole(database, lake, "published", async () => {
    for (const { key, from, to } of missing) {
      try {
        await retryWithLessMemory(database, () => copyRows(build, from, to));
      } catch (error) {
        if (!doesNotFit(error)) throw error;
        unkept.push({ key, error });
      }
    }
  });
  return unkept;
}

/** Whether the work file, a copy of the published one, has the rows where they are to be. */
async function holdsRows(
  { database, full }: Build,
  from: KnownPartition,
  to: KnownPartition,
): Promise<boolean> {
  if (full || from.part !== to.part || layoutOf(from) !== layoutOf(to)) return false;
  if (!(await homesIn(database)).has(to.home)) return false;
  const [found] = await database.rows<{ rows: number }>(
    `SELECT count(*) AS rows FROM ${homeTable(to.home)} WHERE ${PART} = ${to.part}`,
  );
  return found?.rows === to.rows;
}

async function copyRows(build: Build, from: KnownPartition, to: KnownPartition): Promise<void> {
  const { database, full } = build;
  const columns = from.columns.map(({ name, type }) => ({ name, type }));
  const values = readColumns([from], columns);
  const rows = `SELECT ${[ROW, ...values].join(", ")} FROM published.${homeTable(from.home)} WHERE ${PART} = ${from.part}`;
  const start = build.nextRow;
  const end = start + from.rows;
  await database.run("BEGIN");
  try {
    await deleteRows(database, full ? [to] : [from, to]);
    await createHome(database, to);
    await database.run(
      insertSql(to, {
        row: `CAST(${start} + row_number() OVER (ORDER BY ${ROW}) - 1 AS INTEGER)`,
        part: String(to.part),
        key: (name) => quoteText(to[name]),
        value: ({ name }) => quoteName(name),
        from: `(${rows})`,
      }),
    );
    await insertRanges(database, "row_ranges", [{ part: to.part, row_start: start, row_end: end }]);
    await database.run("COMMIT");
  } catch (error) {
    await database.run("ROLLBACK").catch(() => {}); // a failed COMMIT has rolled back already
    throw error;
  }
  build.nextRow = end;
}
