import { join } from "node:path";
import { throwIfCancelled } from "../errors.ts";
import { describeRelation } from "../ingest/relations.ts";
import { isMissing } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { assetReferences } from "../schema/asset-references.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import type { AssetSource } from "./plan.ts";
import type { AssetStore } from "./store.ts";

const ASSETS_AT_ONCE = 16;
const PATHS = 2048;
/** From this many paths on, list the store (1,000 keys per call) instead of asking for each. */
const LISTED_FROM = 10_000;

export interface AssetEffects {
  lake: Lake;
  database: Database;
  signal?: AbortSignal | undefined;
  /** Paths per file from which the store is listed instead of asked for each path. */
  listedFrom?: number;
}

/**
 * Sends the assets that these files refer to and the store lacks; returns how many. Names are content hashes,
 * so an existing object is correct. Missing assets are skipped; `doctor` reports them.
 */
export async function sendAssets(
  sources: readonly AssetSource[],
  store: AssetStore,
  { lake, database, signal, listedFrom = LISTED_FROM }: AssetEffects,
): Promise<number> {
  let count = 0;
  for (const { key, file } of sources) {
    throwIfCancelled(signal);
    const source = quoteText(join(lake.layout.partition(key), file));
    const relation = `read_parquet(${source}, hive_partitioning = false)`;
    const references = assetReferences(await describeRelation(database, relation));
    if (references.length === 0) continue;
    const paths = references.map(({ path, list }) => {
      return `SELECT ${list ? `unnest(${quoteName(path)})` : quoteName(path)} AS path FROM ${relation}`;
    });
    const select = `SELECT DISTINCT path FROM (${paths.join(" UNION ALL ")}) WHERE path IS NOT NULL`;
    const [{ count: named } = { count: 0 }] = await database.rows<{ count: number }>(
      `SELECT count(*) AS count FROM (${select})`,
    );
    const isThere =
      named < listedFrom
        ? async (path: string) => (await store.size(assetKey(path))) !== undefined
        : listedBefore(store, assetKey(`provider=${key.provider}/dataset=${key.dataset}/`));
    const send = async (path: string) => {
      throwIfCancelled(signal);
      if (await isThere(path)) return;
      try {
        await store.putFile(assetKey(path), lake.layout.asset(path));
        count += 1;
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    };
    let pending: string[] = [];
    for await (const chunk of database.chunks(`${select} ORDER BY path`)) {
      pending.push(...chunk.getColumnValues(0).map(String));
      if (pending.length < PATHS) continue;
      await mapConcurrent(pending, ASSETS_AT_ONCE, send);
      pending = [];
    }
    await mapConcurrent(pending, ASSETS_AT_ONCE, send);
  }
  return count;
}

function assetKey(path: string): string {
  return `assets/${path}`;
}

/**
 * Returns a test whether a path is in the store, for paths in ascending byte order: the store's list has the
 * same order, so one pass over it suffices.
 */
function listedBefore(store: AssetStore, prefix: string): (path: string) => Promise<boolean> {
  const names = store.list(prefix);
  let name: string | undefined = "";
  let asked: Promise<unknown> = Promise.resolve();
  const look = async (path: string): Promise<boolean> => {
    const key = assetKey(path);
    while (name !== undefined && Buffer.compare(Buffer.from(name), Buffer.from(key)) < 0) {
      const { value, done } = await names.next();
      name = done ? undefined : value;
    }
    return name === key;
  };
  return (path) => {
    const answer = asked.then(() => look(path));
    asked = answer;
    return answer;
  };
}
