/** Lakes whose appends go to the small file, and what their readers say. */
import { join } from "node:path";
import { catalogInfo, catalogPartitions } from "../../src/catalog/info.ts";
import { catalogCheck } from "../../src/doctor/catalog.ts";
import { openDatabase } from "../../src/query/database.ts";
import { DuckDBClient } from "../../src/query/duckdb/client.ts";
import { readLake } from "../../src/sync/read-lake.ts";
import { refresh, type Workbench, withLake } from "./lakes.ts";

export const rowsOf = (count: number, mark: string) =>
  `SELECT range AS id, 'row ${mark} ' || range || ' 가나다' AS text, ['t${mark}', NULL] AS tags FROM range(${count})`;

/** A lake whose appends go to the small file, whatever the size of the large one. */
export function withSmallLake(use: (bench: Workbench) => Promise<void>): Promise<void> {
  return withLake((bench) => {
    const catalog = { ...bench.settings.catalog, recent_from: "0B" };
    return use({ ...bench, settings: { ...bench.settings, catalog } });
  });
}

export const quickly = (bench: Workbench) => refresh(bench, { quick: true });

/** What every reader says, but for generations and sizes. */
export async function facts(bench: Workbench) {
  const { lake, folder, settings } = bench;
  const client = new DuckDBClient({ path: lake.layout.catalogFile, scratch: join(folder, "reader") });
  const database = await openDatabase({ scratch: join(folder, "reader") });
  try {
    const found: unknown[] = [];
    for (const ask of [
      {},
      { text: "row b" },
      { text: "나" },
      { text: "tb" },
      { text: "tc", column: "tags" },
      { text: "unheard" },
      { text: "ROW C 1", ignore_case: true },
      { dataset: ["odd"], text: "row" },
    ]) {
      // On the instance that stays open, or, where nothing is searched, on one of its own.
      const query = { ...ask, limit: "text" in ask ? 1000 : 100_000 };
      const { batches, columns, matchCount, partitions } = await client.retrieveWithExistingCols(query);
      const rows = (await Array.fromAsync(batches)).flatMap((batch) => batch.toArray().map(String));
      found.push({ ask, columns, matchCount, partitions, rows });
    }
    const sql = async (text: string) => {
      const limits = { timeoutMs: 110_000, memory: "1GB", maxRows: 100_000, maxBytes: 1e8 };
      const { batches } = await client.sql(text, limits);
      return (await Array.fromAsync(batches)).flatMap((batch) => batch.toArray().map(String)).sort();
    };
    const {
      generation: _,
      built_at: __,
      merged_generation: ___,
      bytes: ____,
      ...info
    } = await catalogInfo(bench);
    const synced = await readLake(database, lake);
    const context = { ...bench, database, full: true, signal: new AbortController().signal };
    const partitions = await catalogPartitions(bench);
    const keys = partitions.partitions.map(({ provider, dataset, task, variant }) => ({
      provider,
      dataset,
      task,
      variant,
    }));
    await database.run("DETACH DATABASE IF EXISTS synced");
    await database.run('DETACH DATABASE IF EXISTS "@whole"');
    const checked = await catalogCheck.run({ ...context, settings, partitions: keys } as never);
    return {
      found,
      catalog: await sql("SELECT * FROM catalog"),
      views: await Promise.all(
        keys.map(({ provider, dataset }) => sql(`SELECT * FROM "${provider}/${dataset}"`)),
      ),
      partitions: await client.retrievePartitions(),
      tables: await client.listTables(),
      columns: await client.getTableInfo("catalog"),
      info,
      listed: partitions,
      synced: synced.partitions.sort((a, b) => (a.dataset < b.dataset ? -1 : 1)),
      checked: typeof checked === "string" ? checked.replace(/generation \d+/, "") : checked,
    };
  } finally {
    client.close();
    database.close();
  }
}
