import { join } from "node:path";
import { throwIfCancelled } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import type { Transfer } from "./plan.ts";
import type { SyncStore } from "./store.ts";

const ASSETS_AT_ONCE = 16;
/** Paths that are held at once. */
const PATHS = 2048;

/**
 * Sends the assets that the files on their way name and the store lacks; gives how many it sent. Names come from
 * contents: one that is there is the right one.
 */
export async function sendAssets(
  transfers: readonly Transfer[],
  store: SyncStore,
  { lake, database, signal }: { lake: Lake; database: Database; signal?: AbortSignal | undefined },
): Promise<number> {
  let count = 0;
  for (const { key, file } of transfers) {
    const source = quoteText(join(lake.layout.partition(key), file));
    const [column] = await database.rows(`SELECT 1 FROM parquet_schema(${source}) WHERE name = 'path'`);
    if (!column) continue;
    const result = await database.stream(
      `SELECT DISTINCT path FROM read_parquet(${source}, hive_partitioning = false) WHERE path IS NOT NULL`,
    );
    let pending: string[] = [];
    const flush = async () => {
      await mapConcurrent(pending.splice(0), ASSETS_AT_ONCE, async (path) => {
        throwIfCancelled(signal);
        if ((await store.size(`assets/${path}`)) !== undefined) return;
        try {
          await store.putFile(`assets/${path}`, lake.layout.asset(path));
          count += 1;
        } catch (error) {
          if (!isMissing(error)) throw error; // `doctor` tells of missing ones
        }
      });
    };
    for (;;) {
      const chunk = await result.fetchChunk();
      if (chunk === null || chunk.rowCount === 0) break;
      pending.push(...chunk.getColumnValues(0).map(String));
      if (pending.length >= PATHS) await flush();
    }
    await flush();
    pending = [];
  }
  return count;
}
