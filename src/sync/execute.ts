import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { throwIfCancelled } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { Database } from "../query/database.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import type { StatementRunner } from "../query/trino/statements.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import { mapConcurrent } from "../util/concurrent.ts";
import { sendAssets } from "./assets.ts";
import { type Ddl, ROW_KEYS, type Table } from "./ddl.ts";
import type { SyncedPartition, SyncManifest } from "./model.ts";
import { partitionsFolder, type SyncPlan, type Transfer } from "./plan.ts";
import type { SyncStore } from "./store.ts";

export const MANIFEST = "manifest.json";

export interface SyncEffects {
  lake: Lake;
  store: SyncStore;
  /** Of assets, beside all copies; undefined where they are not sent. */
  assets: SyncStore | undefined;
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

const TRANSFERS_AT_ONCE = 4;

/**
 * Does what a plan says: files, then the table and its partitions, then the new list of partitions, then what is gone, and
 * the manifest last. Killed anywhere, the next sync plans the same again, and finds what is there already.
 */
export async function executeSync(plan: SyncPlan, effects: SyncEffects): Promise<SyncResult> {
  const { store, runner, ddl, signal, onProgress } = effects;
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
  if (!plan.upToDate) {
    await mkdir(effects.scratch, { recursive: true });
    let done = 0;
    const sizes = new Map<string, number>();
    await mapConcurrent(plan.transfers, TRANSFERS_AT_ONCE, async (transfer) => {
      throwIfCancelled(signal);
      const { bytes, sent } = await send(transfer, effects);
      sizes.set(`${transfer.folder}/${transfer.file}`, bytes);
      if (sent) result.objects += 1;
      if (sent) result.bytes += bytes;
      done += 1;
      onProgress?.({ done, total: plan.transfers.length, bytes: result.bytes });
    });
    if (effects.assets) result.assets = await sendAssets(plan.transfers, effects.assets, effects);
    const table = rowsTable(plan, effects);
    const known = partitionsTable(effects);
    const list = partitionsFolder(plan.generation);
    await sendPartitions(plan, effects, sizes);
    result.objects += 1;
    const place = ({ key, folder }: { key: PartitionKey; folder: string }) => ({
      values: valuesOf(key),
      location: `${effects.rowsAddress}/${folder}`,
    });
    const generation = {
      values: [String(plan.generation)],
      location: `${store.address}/${list.slice(0, -1)}`,
    };
    const statements = [
      ...(plan.table.isNew
        ? [
            ...ddl.createSchema(`${store.address}/schema`),
            ...ddl.dropTable(table),
            ...ddl.createTable(table),
            ...ddl.createTable(known),
          ]
        : ddl.addColumns(table, plan.table.addColumns)),
      ...ddl.addPartitions(table, plan.adds.map(place)),
      ...ddl.movePartitions(table, plan.moves.map(place)),
      ...ddl.addPartitions(known, [generation]),
      ...ddl.dropPartitions(table, plan.drops.map(valuesOf)),
    ];
    for (const sql of statements) await run(sql);
  }
  for (const dead of plan.removes) {
    if (dead.generation !== undefined) {
      for (const sql of ddl.dropPartitions(partitionsTable(effects), [[String(dead.generation)]]))
        await run(sql);
    }
    await store.removeAll(dead.prefix);
    result.removed += 1;
  }
  if (!plan.upToDate || plan.removes.length > 0)
    await store.putText(MANIFEST, manifestOf(plan, effects.nowMs));
  await rm(effects.scratch, { recursive: true, force: true });
  return result;

  async function run(sql: string): Promise<void> {
    throwIfCancelled(signal);
    try {
      await Array.fromAsync((await runner.run(sql, { signal })).rows);
      result.statements += 1;
    } catch (error) {
      if (!isDone(sql, error)) throw error;
    }
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

function rowsTable(plan: SyncPlan, { runner, rowsAddress }: SyncEffects): Table {
  return { name: runner.names.table, columns: plan.table.columns, keys: ROW_KEYS, location: rowsAddress };
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

function partitionsTable({ runner, store }: SyncEffects): Table {
  return {
    name: `${runner.names.table}_partitions`,
    columns: KNOWN_COLUMNS,
    keys: [{ name: "generation", type: "BIGINT" }],
    location: `${store.address}/partitions`,
  };
}

/** Sends one file, written anew where its types are not those of the table; one that is there already is left. */
async function send(
  { key, file, folder, casts }: Transfer,
  { lake, store, database, scratch }: SyncEffects,
): Promise<{ bytes: number; sent: boolean }> {
  const source = join(lake.layout.partition(key), file);
  const target = `${folder}/${file}`;
  if (casts.length === 0) {
    const { size } = await stat(source);
    if ((await store.size(target)) === size) return { bytes: size, sent: false };
    await store.putFile(target, source);
    return { bytes: size, sent: true };
  }
  const temp = join(scratch, `${Bun.randomUUIDv7()}.part`);
  const list = casts.map(({ name, type }) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`);
  try {
    const has = await database.rows<{ name: string }>(
      `SELECT name FROM parquet_schema(${quoteText(source)})`,
    );
    const own = new Set(has.map(({ name }) => name));
    const replaced = list.filter((_, at) => own.has(casts[at]?.name ?? ""));
    const replace = replaced.length === 0 ? "" : ` REPLACE (${replaced.join(", ")})`;
    await database.run(
      `COPY (SELECT *${replace} FROM read_parquet(${quoteText(source)}, hive_partitioning = false)) TO ${quoteText(temp)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const { size } = await stat(temp);
    await store.putFile(target, temp);
    return { bytes: size, sent: true };
  } finally {
    await rm(temp, { force: true });
  }
}

/** The list of partitions of this generation: what engines plan queries by. */
async function sendPartitions(
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
