import type { Database } from "../query/database.ts";
import { type HousedPartition, SHARED_HOME } from "../query/duckdb/homes.ts";
import { isFailedCommit } from "../query/less-memory.ts";
import { indexRows } from "../query/search-index/build.ts";
import { type Run, searchedOf } from "../query/search-index/columns.ts";
import { createIndexTables } from "../query/search-index/tables.ts";
import { holdsText } from "../query/text-leaves.ts";
import { hidesRows, type Indexing, type Insert, rangesOf, valuesOf } from "./load.ts";

/** Partitions of more columns, and those of the shared home, wait: two readers of wide rows take twice the memory. */
const MAX_COLUMNS = 60;

/**
 * Indexes rows for searches out of their files, beside the load of these inserts: one thread looks for words while others
 * write tables.
 */
export async function indexFiles(
  database: Database,
  inserts: readonly Insert[],
  signal: AbortSignal | undefined,
): Promise<Indexing> {
  await createIndexTables(database);
  const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
  const own = await database.connect();
  await own.use(used?.name ?? "memory");
  const stopped = new AbortController();
  const either = signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal;
  const done = indexRows(own, planFileColumns(inserts), either)
    .then(() => undefined)
    .catch((error: unknown) => error)
    .finally(() => own.close());
  return {
    finish: async () => {
      const error = await done;
      if (isFailedCommit(error)) throw error;
    },
    stop: async () => {
      stopped.abort();
      await done;
    },
  };
}

/** What is searched in the rows of these inserts, of partitions whose files all can be read apart. */
function planFileColumns(inserts: readonly Insert[]) {
  const later = new Set<number>();
  for (const { files, rowStart } of inserts) {
    for (const { file, partition } of files)
      if (rowStart > 0 || hidesRows(file) || !isNarrow(partition)) later.add(partition.part);
  }
  const columns = new Map<string, Run[]>();
  for (const insert of inserts) {
    const files = insert.files.filter(({ partition }) => !later.has(partition.part));
    const [first] = files;
    if (first === undefined) continue;
    const partitions = files.map(({ partition }) => partition);
    for (const column of searchedOf(first.partition)) {
      const source = valuesOf({ ...insert, files }, column);
      if (source === undefined) continue;
      const { name, type } = column;
      const runs = columns.get(name) ?? [];
      columns.set(name, runs);
      const every = (holds: (own: HousedPartition["columns"][number], rows: number) => boolean) =>
        partitions.every(({ columns: own, rows }) =>
          own.some((one) => one.name === name && holds(one, rows)),
        );
      runs.push({
        partition: first.partition,
        type,
        start: first.row,
        end: first.row + files.reduce((sum, { file }) => sum + file.rows, 0),
        normal: !holdsText(type) || every(({ nfc }) => nfc === true),
        sparse: every(({ nulls }, rows) => nulls * 2 > rows),
        source,
      });
    }
  }
  return { ranges: rangesOf(inserts).filter(({ part }) => !later.has(part)), columns };
}

function isNarrow({ home, columns }: HousedPartition): boolean {
  return home !== SHARED_HOME && columns.length <= MAX_COLUMNS;
}
