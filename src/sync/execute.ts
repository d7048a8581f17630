import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { throwIfCancelled } from "../errors.ts";
import { removeTree } from "../lake/files.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { openTest } from "../query/duckdb/open-columns.ts";
import { quoteText } from "../query/sql.ts";
import type { StatementRunner } from "../query/statement/statements.ts";
import { PARTITION_COLUMNS, type PartitionKey, pickKey } from "../schema/partition.ts";
import { eachConcurrent, mapConcurrent } from "../util/concurrent.ts";
import { sendAssets } from "./assets.ts";
import { type Ddl, ROW_KEYS, type Table } from "./ddl.ts";
import type { SyncManifest } from "./model.ts";
import { folderOf, type Placement, partitionsFolder, type SyncPlan } from "./plan.ts";
import { sendFile } from "./send-file.ts";
import type { AssetStore, SyncStore } from "./store.ts";

export const MANIFEST = "manifest.json";
export const UNFINISHED = "unfinished.json";

export interface SyncEffects {
  lake: Lake;
  store: SyncStore;
  /** Shared by all copies; undefined if assets are not sent. */
  assets: AssetStore | undefined;
  runner: StatementRunner;
  ddl: Ddl;
  database: Database;
  /** The catalog's partition table in the database. */
  known: string;
  scratch: string;
  nowMs: number;
  signal?: AbortSignal | undefined;
  /** Throws if another process may be using the target; called before each change. */
  confirm?: (() => Promise<void>) | undefined;
  onProgress?: (state: { done: number; total: number; bytes: number }) => void;
}

export interface SyncResult {
  target: string;
  generation: number;
  partitions: number;
  objects: number;
  bytes: number;
  assets: number;
  statements: number;
  removed: number;
  left_out: string[];
}

const TRANSFERS_AT_ONCE = 8;
/** Athena runs 20 DDL statements at once per account; leave some to other users. */
const STATEMENTS_AT_ONCE = 4;

/**
 * Executes a plan: files, table and partitions, new partition list, removals, and the manifest last. If it is
 * killed, the next sync makes the same plan again and finds what already exists.
 */
export async function executeSync(plan: SyncPlan, effects: SyncEffects): Promise<SyncResult> {
  const { store, assets } = effects;
  const result: SyncResult = {
    target: plan.target,
    generation: plan.generation,
    partitions: plan.partitions.length,
    objects: 0,
    bytes: 0,
    assets: 0,
    statements: 0,
    removed: 0,
    left_out: plan.table.leftOut,
  };
  const run = async (sql: string) => {
    await mayGoOn(effects);
    if (await runStatement(effects, sql)) result.statements += 1;
  };
  try {
    if (!plan.upToDate) {
      await mkdir(effects.scratch, { recursive: true });
      await mayGoOn(effects);
      await store.putText(UNFINISHED, `${JSON.stringify(plan.unfinished)}\n`);
      await sendFiles(plan, effects, result);
      if (assets) result.assets = await sendAssets(plan.assetSources, assets, effects);
      await sendList(plan, effects);
      result.objects += 1;
      for (const { statements, atOnce } of statementsOf(plan, effects))
        await eachConcurrent(statements, atOnce, run);
    }
    for (const { folder, generation } of plan.removes) {
      const gone = generation === undefined ? [] : [[String(generation)]];
      for (const sql of effects.ddl.dropPartitions(listTable(effects), gone)) await run(sql);
      await mayGoOn(effects);
      await store.removeAll(folder);
      result.removed += 1;
    }
    await mayGoOn(effects);
    if (plan.isManifestNew) await store.putText(MANIFEST, manifestOf(plan, effects.nowMs));
    if (!plan.upToDate) await store.remove(UNFINISHED);
  } catch (error) {
    await effects.confirm?.(); // its error takes precedence
    throw error;
  } finally {
    await removeTree(effects.scratch);
  }
  return result;
}

async function mayGoOn({ signal, confirm }: SyncEffects): Promise<void> {
  throwIfCancelled(signal);
  await confirm?.();
}

async function sendFiles(plan: SyncPlan, effects: SyncEffects, result: SyncResult): Promise<void> {
  let done = 0;
  await mapConcurrent(plan.transfers, TRANSFERS_AT_ONCE, async (transfer) => {
    await mayGoOn(effects);
    const { bytes, sent } = await sendFile(transfer, effects);
    if (sent) result.objects += 1;
    if (sent) result.bytes += bytes;
    done += 1;
    effects.onProgress?.({ done, total: plan.transfers.length, bytes: result.bytes });
  });
}

/** Statements of which `atOnce` may run concurrently, in any order. */
export interface Stage {
  statements: Iterable<string>;
  atOnce: number;
}

/**
 * Statements of a plan in stages. Partitions are dropped last, since the partition list names them until
 * then. They move one by one: where a move takes two statements, only one partition is missing at a time.
 */
export function statementsOf(
  plan: SyncPlan,
  { ddl, store, runner }: Pick<SyncEffects, "ddl"> & ListEffects,
): Stage[] {
  const { isNew, columns, addColumns } = plan.table;
  const table = { name: runner.names.table, columns, keys: ROW_KEYS, location: store.address };
  const list = listTable({ runner, store });
  const folder = partitionsFolder(plan.generation);
  const generation = { values: [String(plan.generation)], location: `${store.address}/${folder}` };
  function* places(placements: readonly Placement[]) {
    for (const { key, place } of placements) {
      yield { values: valuesOf(key), location: `${store.address}/${folderOf(key, place)}` };
    }
  }
  const made = isNew
    ? [
        ...ddl.createSchema(`${store.address}/schema`),
        ...ddl.dropTable(table),
        ...ddl.createTable(table),
        ...ddl.createTable(list),
      ]
    : ddl.addColumns(table, addColumns);
  const resets = plan.resets.map(({ key }) => valuesOf(key));
  return [
    { statements: made, atOnce: 1 },
    { statements: ddl.dropPartitions(table, resets), atOnce: STATEMENTS_AT_ONCE },
    { statements: ddl.addPartitions(table, places(plan.resets)), atOnce: STATEMENTS_AT_ONCE },
    { statements: ddl.addPartitions(table, places(plan.adds)), atOnce: STATEMENTS_AT_ONCE },
    { statements: ddl.movePartitions(table, places(plan.moves)), atOnce: 1 },
    { statements: ddl.addPartitions(list, [generation]), atOnce: 1 },
    { statements: ddl.dropPartitions(table, plan.drops.map(valuesOf)), atOnce: STATEMENTS_AT_ONCE },
  ];
}

/** Returns false if an interrupted sync already did it. */
async function runStatement({ runner, signal }: SyncEffects, sql: string): Promise<boolean> {
  try {
    await Array.fromAsync((await runner.run(sql, { signal })).rows);
    return true;
  } catch (error) {
    if (isDone(sql, error)) return false;
    throw error;
  }
}

/** Whether a Trino procedure was already run by an interrupted sync. */
function isDone(sql: string, error: unknown): boolean {
  const message = error instanceof Error ? error.message : "";
  if (sql.includes(".register_partition(")) return /already (registered|exists)/i.test(message);
  return sql.includes(".unregister_partition(") && /does not exist|not found/i.test(message);
}

function valuesOf(key: PartitionKey): string[] {
  return PARTITION_COLUMNS.map((column) => key[column]);
}

/** Columns of the partition table before `generation`. */
const KNOWN_COLUMNS = [
  ...ROW_KEYS,
  { name: "rows", type: "BIGINT" },
  { name: "bytes", type: "BIGINT" },
  { name: "version", type: "BIGINT" },
  { name: "columns", type: "VARCHAR" },
  { name: "features", type: "VARCHAR" },
  { name: "location", type: "VARCHAR" },
];

type ListEffects = {
  runner: Pick<StatementRunner, "names">;
  store: Pick<SyncStore, "address">;
};

function listTable({ runner, store }: ListEffects): Table {
  return {
    name: `${runner.names.table}_partitions`,
    columns: KNOWN_COLUMNS,
    keys: [{ name: "generation", type: "BIGINT" }],
    location: `${store.address}/partitions`,
  };
}

const PLACES = 1000;

/** Writes the partition list of this generation with locations, which engines use to plan queries. */
async function sendList(plan: SyncPlan, { store, database, known, scratch }: SyncEffects): Promise<void> {
  const temp = join(scratch, `${Bun.randomUUIDv7()}.part`);
  await database.run(
    "CREATE OR REPLACE TEMP TABLE places (provider VARCHAR, dataset VARCHAR, task VARCHAR, variant VARCHAR, location VARCHAR)",
  );
  for (let at = 0; at < plan.partitions.length; at += PLACES) {
    const rows = plan.partitions.slice(at, at + PLACES).map(({ place, ...key }) => ({
      ...pickKey(key),
      location: `${store.address}/${folderOf(key, place)}`,
    }));
    await database.run(
      `INSERT INTO places SELECT p.* FROM (SELECT unnest(from_json($1, ${PLACE_SHAPE})) AS p)`,
      [JSON.stringify(rows)],
    );
  }
  const open = await openTest(database, known);
  const columns = `[{name: c.name, type: c.type, nulls: c.nulls, nfc: c.nfc, open: ${open}} FOR c IN columns]`;
  try {
    await database.run(
      `COPY (SELECT provider, dataset, task, variant, rows, bytes, version, to_json(${columns})::VARCHAR AS columns, features, location
       FROM ${known} JOIN places USING (provider, dataset, task, variant) ORDER BY ALL)
       TO ${quoteText(temp)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await store.putFile(`${partitionsFolder(plan.generation)}/partitions.parquet`, temp);
  } finally {
    await rm(temp, { force: true });
  }
}

const PLACE_SHAPE = quoteText(
  JSON.stringify([
    { provider: "VARCHAR", dataset: "VARCHAR", task: "VARCHAR", variant: "VARCHAR", location: "VARCHAR" },
  ]),
);

function manifestOf(plan: SyncPlan, nowMs: number): string {
  const manifest: SyncManifest = {
    format: 1,
    target: plan.target,
    generation: plan.generation,
    synced_at: new Date(nowMs).toISOString(),
    columns: plan.table.columns,
    partitions: plan.partitions,
    dead: plan.dead,
  };
  return `${JSON.stringify(manifest)}\n`;
}
