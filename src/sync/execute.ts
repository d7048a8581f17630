import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { quoteText } from "../query/sql.ts";
import type { StatementRunner } from "../query/trino/statements.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { sendAssets } from "./assets.ts";
import { type Ddl, ROW_KEYS, type Table } from "./ddl.ts";
import type { SyncedPartition, SyncManifest } from "./model.ts";
import { type Placement, partitionsFolder, type SyncPlan } from "./plan.ts";
import { sendFile } from "./send-file.ts";
import type { AssetStore, SyncStore } from "./store.ts";

export const MANIFEST = "manifest.json";
export const UNFINISHED = "unfinished.json";

export interface SyncEffects {
  lake: Lake;
  store: SyncStore;
  /** Of assets, beside all copies; undefined where they are not sent. */
  assets: AssetStore | undefined;
  runner: StatementRunner;
  ddl: Ddl;
  database: Database;
  /** Local folder for files on their way. */
  scratch: string;
  /** Address of the folder in which a partition's folder lies, as the engine sees it. */
  rowsAddress: string;
  nowMs: number;
  signal?: AbortSignal | undefined;
  onProgress?: (state: { done: number; total: number; bytes: number }) => void;
}

export interface SyncResult {
  target: string;
  generation: number;
  partitions: number;
  /** Objects and bytes that were sent. */
  objects: number;
  bytes: number;
  assets: number;
  /** Statements that were run. */
  statements: number;
  /** Prefixes whose objects were removed. */
  removed: number;
  left_out: string[];
}

const TRANSFERS_AT_ONCE = 8;

/**
 * Does what a plan says: files, then the table and its partitions, then the new list of partitions, then what is gone, and
 * the manifest last. Killed anywhere, the next sync plans the same again, and finds what is there already.
 */
export async function executeSync(plan: SyncPlan, effects: SyncEffects): Promise<SyncResult> {
  const { store, assets, signal } = effects;
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
    throwIfCancelled(signal);
    if (await runStatement(effects, sql)) result.statements += 1;
  };
  try {
    if (!plan.upToDate) {
      await mkdir(effects.scratch, { recursive: true });
      await store.putText(UNFINISHED, `${JSON.stringify(plan.unfinished)}\n`);
      const sizes = await sendFiles(plan, effects, result);
      if (assets) result.assets = await sendAssets(plan.assetSources, assets, effects);
      await sendList(plan, effects, sizes);
      result.objects += 1;
      for (const sql of statementsOf(plan, effects)) await run(sql);
    }
    for (const { prefix, generation } of plan.removes) {
      const gone = generation === undefined ? [] : [[String(generation)]];
      for (const sql of effects.ddl.dropPartitions(listTable(effects), gone)) await run(sql);
      await store.removeAll(prefix);
      result.removed += 1;
    }
    if (plan.isManifestNew) await store.putText(MANIFEST, manifestOf(plan, effects.nowMs));
    if (!plan.upToDate) await store.remove(UNFINISHED);
  } finally {
    await rm(effects.scratch, { recursive: true, force: true });
  }
  return result;
}

/** Sends the files of a plan, several at once; gives the size of each object by its key. */
async function sendFiles(
  plan: SyncPlan,
  effects: SyncEffects,
  result: SyncResult,
): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  let done = 0;
  await mapConcurrent(plan.transfers, TRANSFERS_AT_ONCE, async (transfer) => {
    throwIfCancelled(effects.signal);
    const { bytes, sent } = await sendFile(transfer, effects);
    sizes.set(`${transfer.folder}/${transfer.file}`, bytes);
    if (sent) result.objects += 1;
    if (sent) result.bytes += bytes;
    done += 1;
    effects.onProgress?.({ done, total: plan.transfers.length, bytes: result.bytes });
  });
  return sizes;
}

/** The statements of a plan. Partitions are dropped last: until then the list of partitions names them. */
function statementsOf(plan: SyncPlan, { ddl, store, rowsAddress, runner }: SyncEffects): string[] {
  const { isNew, columns, addColumns } = plan.table;
  const table = { name: runner.names.table, columns, keys: ROW_KEYS, location: rowsAddress };
  const list = listTable({ runner, store });
  const place = ({ key, folder }: Placement) => ({
    values: valuesOf(key),
    location: `${rowsAddress}/${folder}`,
  });
  const folder = partitionsFolder(plan.generation).slice(0, -1);
  const generation = { values: [String(plan.generation)], location: `${store.address}/${folder}` };
  const made = isNew
    ? [
        ...ddl.createSchema(`${store.address}/schema`),
        ...ddl.dropTable(table),
        ...ddl.createTable(table),
        ...ddl.createTable(list),
      ]
    : ddl.addColumns(table, addColumns);
  return [
    ...made,
    ...ddl.dropPartitions(
      table,
      plan.resets.map(({ key }) => valuesOf(key)),
    ),
    ...ddl.addPartitions(table, [...plan.resets, ...plan.adds].map(place)),
    ...ddl.movePartitions(table, plan.moves.map(place)),
    ...ddl.addPartitions(list, [generation]),
    ...ddl.dropPartitions(table, plan.drops.map(valuesOf)),
  ];
}

/** False where it was done before, by a sync that did not get to its end. */
async function runStatement({ runner, signal }: SyncEffects, sql: string): Promise<boolean> {
  try {
    await Array.fromAsync((await runner.run(sql, { signal })).rows);
    return true;
  } catch (error) {
    if (isDone(sql, error)) return false;
    throw error;
  }
}

/** A procedure of Trino that was run before, by a sync that did not get to its end. */
function isDone(sql: string, error: unknown): boolean {
  const message = error instanceof Error ? error.message : "";
  if (sql.includes(".register_partition(")) return /already (registered|exists)/i.test(message);
  return sql.includes(".unregister_partition(") && /does not exist|not found/i.test(message);
}

function valuesOf(key: PartitionKey): string[] {
  return PARTITION_COLUMNS.map((column) => key[column]);
}

/** The columns of the table of partitions, behind which `generation` stands. */
const KNOWN_COLUMNS = [
  ...ROW_KEYS,
  { name: "rows", type: "BIGINT" },
  { name: "bytes", type: "BIGINT" },
  { name: "version", type: "BIGINT" },
  { name: "columns", type: "VARCHAR" },
  { name: "features", type: "VARCHAR" },
  { name: "location", type: "VARCHAR" },
];

function listTable({ runner, store }: Pick<SyncEffects, "runner" | "store">): Table {
  return {
    name: `${runner.names.table}_partitions`,
    columns: KNOWN_COLUMNS,
    keys: [{ name: "generation", type: "BIGINT" }],
    location: `${store.address}/partitions`,
  };
}

/** The list of partitions of this generation: what engines plan queries by. */
async function sendList(
  plan: SyncPlan,
  { store, database, scratch, rowsAddress }: SyncEffects,
  sizes: ReadonlyMap<string, number>,
): Promise<void> {
  const temp = join(scratch, `${Bun.randomUUIDv7()}.part`);
  const rows = plan.partitions.map((partition) =>
    describe(partition, `${rowsAddress}/${partition.folder}`, sizes),
  );
  const shape = JSON.stringify([Object.fromEntries(KNOWN_COLUMNS.map(({ name, type }) => [name, type]))]);
  try {
    await Bun.write(`${temp}.json`, JSON.stringify(rows));
    await database.run(
      `COPY (SELECT p.* FROM (SELECT unnest(from_json(content, ${quoteText(shape)})) AS p FROM read_text(${quoteText(`${temp}.json`)}))) TO ${quoteText(temp)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await store.putFile(`${partitionsFolder(plan.generation)}partitions.parquet`, temp);
  } finally {
    await rm(temp, { force: true });
    await rm(`${temp}.json`, { force: true });
  }
}

function describe(partition: SyncedPartition, location: string, sizes: ReadonlyMap<string, number>) {
  for (const file of partition.files)
    file.bytes = sizes.get(`${partition.folder}/${file.name}`) ?? file.bytes;
  const { rows, bytes, version, columns, features } = partition;
  return {
    ...pickNames(partition),
    rows,
    bytes,
    version,
    columns: JSON.stringify(columns),
    features,
    location,
  };
}

function pickNames({ provider, dataset, task, variant }: PartitionKey): PartitionKey {
  return { provider, dataset, task, variant };
}

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
