/** What must hold in a lake, told by DuckDB and a hash alone: nothing of the product takes part in judging it. */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** An upload of which a client was told that it is staged. */
export interface Acknowledged {
  upload_id: string;
  rows: number;
  /** The partition's folder, relative to `catalog/`. */
  partition: string;
}

interface Partition {
  path: string;
  /** The uploads that made it, in order; each row of what is live is of one of these. */
  log: { upload_id: string; mode: string; rows: number; rejected: number }[];
  rows: number;
  /** Live rows by upload, and how many different `source_row` these have. */
  rowsOf: Map<string, { rows: number; distinct: number }>;
}

export interface LakeCheckOptions {
  /** In the order in which they were acknowledged. */
  acknowledged?: readonly Acknowledged[];
  /** Whether nothing may be waiting any more: a job has run to its end. */
  settled?: boolean;
  /** Whether the assets came over a mount that keeps no modes. */
  withoutModes?: boolean;
}

/** Every fault found in a lake, one sentence each. */
export async function checkLake(root: string, options: LakeCheckOptions = {}): Promise<string[]> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const found: string[] = [];
    const assets = await checkAssets(root, found, options.withoutModes ?? false);
    const partitions = await readPartitions(connection, root, assets, found);
    await checkCatalog(connection, root, partitions, found);
    const earlier = new Set<string>();
    for (const upload of options.acknowledged ?? []) {
      await checkUpload(root, upload, partitions, earlier, found);
      earlier.add(upload.upload_id);
    }
    if (options.settled) await checkStaging(root, found);
    return found;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The digest of each asset by its path below `assets/`. */
async function checkAssets(
  root: string,
  found: string[],
  withoutModes: boolean,
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const path of await filesBelow(join(root, "assets"))) {
    const name = relative(join(root, "assets"), path);
    const digest = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    digests.set(name, digest);
    // What is on its way to the store has a name that begins with a dot.
    if (name.split("/").some((part) => part.startsWith("."))) continue;
    if (basename(name).split(".")[0] !== digest) found.push(`the asset ${name} has the SHA-256 ${digest}`);
    if (!withoutModes && ((await stat(path)).mode & 0o222) !== 0)
      found.push(`the asset ${name} may be written to`);
  }
  return digests;
}

async function readPartitions(
  connection: DuckDBConnection,
  root: string,
  assets: Map<string, string>,
  found: string[],
): Promise<Map<string, Partition>> {
  const catalog = join(root, "catalog");
  const files = (await filesBelow(catalog)).filter((path) => path.endsWith(".parquet"));
  const folders = new Set(files.map((path) => dirname(path)));
  const partitions = new Map<string, Partition>();
  for (const folder of [...folders].sort()) {
    const path = relative(catalog, folder);
    try {
      const mine = files.filter((file) => dirname(file) === folder);
      partitions.set(path, await readPartition(connection, path, mine, assets, found));
    } catch (error) {
      found.push(`the partition ${path} cannot be read: ${(error as Error).message}`);
    }
  }
  return partitions;
}

const BASE = /^(data|base-(\d{8,}))\.parquet$/;
const DELTA = /^data-(\d{8,})\.parquet$/;

/** The base of the highest version, and every delta above it. */
async function readPartition(
  connection: DuckDBConnection,
  path: string,
  files: string[],
  assets: Map<string, string>,
  found: string[],
): Promise<Partition> {
  const read = await Promise.all(
    files.map(async (file) => ({ file, facts: await factsOf(connection, file) })),
  );
  for (const file of files) {
    const name = basename(file);
    if (!BASE.test(name) && !DELTA.test(name) && !name.startsWith("."))
      found.push(`${path} holds a stranger, ${name}`);
  }
  const bases = read.filter(({ file }) => BASE.test(basename(file)));
  const base = bases.sort((a, b) => b.facts.version - a.facts.version)[0];
  if (!base) throw new Error("it has no base");
  const deltas = read
    .filter(({ file, facts }) => DELTA.test(basename(file)) && facts.version > base.facts.version)
    .sort((a, b) => a.facts.version - b.facts.version);
  for (const [at, { facts }] of deltas.entries())
    if (facts.version !== base.facts.version + at + 1)
      found.push(`${path} lacks version ${base.facts.version + at + 1}`);
  const live = [base, ...deltas];
  const log = live.flatMap(({ facts }) => facts.uploads);
  for (const id of new Set(log.map(({ upload_id }) => upload_id)))
    if (log.filter(({ upload_id }) => upload_id === id).length > 1)
      found.push(`${path} has ${id} twice in its log`);
  const partition: Partition = { path, log, rows: 0, rowsOf: new Map() };
  for (const { file, facts } of live) {
    const list = `read_parquet(${quoted(file)}, hive_partitioning = false)`;
    const columns = await rowsOf<{ column_name: string }>(connection, `DESCRIBE SELECT * FROM ${list}`);
    const names = columns.map(({ column_name }) => column_name);
    const counts = await rowsOf<{ upload_id: string; rows: number; distinct: number }>(
      connection,
      `SELECT upload_id, count(*)::INT AS rows, count(DISTINCT source_row)::INT AS "distinct" FROM ${list} GROUP BY 1`,
    );
    const total = counts.reduce((sum, { rows }) => sum + rows, 0);
    if (total !== facts.rows) found.push(`${relative(path, file)} says ${facts.rows} rows and has ${total}`);
    partition.rows += total;
    for (const { upload_id, rows, distinct } of counts) {
      const before = partition.rowsOf.get(upload_id) ?? { rows: 0, distinct: 0 };
      partition.rowsOf.set(upload_id, { rows: before.rows + rows, distinct: before.distinct + distinct });
    }
    if (!names.includes("path")) continue;
    const named = await rowsOf<{ hash: string; path: string }>(
      connection,
      `SELECT DISTINCT hash, path FROM ${list} WHERE path IS NOT NULL`,
    );
    for (const { hash, path: asset } of named)
      if (assets.get(asset) !== hash)
        found.push(`a row of ${path} names ${asset}, which is not there or another`);
  }
  for (const { upload_id, rows, rejected } of log) {
    const there = partition.rowsOf.get(upload_id);
    if (there && (there.rows !== rows || there.distinct !== rows))
      found.push(
        `${path} has ${there.rows} rows of ${upload_id}, which brought ${rows} (${rejected} rejected)`,
      );
  }
  for (const id of partition.rowsOf.keys())
    if (!log.some(({ upload_id }) => upload_id === id))
      found.push(`${path} has rows of ${id}, which its log does not know`);
  return partition;
}

interface FileFacts {
  version: number;
  rows: number;
  uploads: Partition["log"];
}

async function factsOf(connection: DuckDBConnection, file: string): Promise<FileFacts> {
  const [entry] = await rowsOf<{ value: string }>(
    connection,
    `SELECT decode(value) AS value FROM parquet_kv_metadata(${quoted(file)}) WHERE decode(key) = 'datalake'`,
  );
  if (!entry) throw new Error(`${basename(file)} says nothing of itself`);
  return JSON.parse(entry.value);
}

/** The published file holds the rows that the partitions hold. */
async function checkCatalog(
  connection: DuckDBConnection,
  root: string,
  partitions: Map<string, Partition>,
  found: string[],
): Promise<void> {
  const file = join(root, "catalog.duckdb");
  if (!existsSync(file)) {
    if (partitions.size > 0) found.push("there is no catalog.duckdb");
    return;
  }
  try {
    await connection.run(`ATTACH ${quoted(file)} AS published (READ_ONLY)`);
    const listed = await rowsOf<{ path: string; rows: number }>(
      connection,
      `SELECT 'provider=' || provider || '/dataset=' || dataset || '/task=' || task || '/variant=' || variant AS path,
         count(*)::INT AS rows FROM published.catalog GROUP BY 1`,
    );
    const rows = new Map(listed.map(({ path, rows: count }) => [path, count]));
    for (const path of new Set([...rows.keys(), ...partitions.keys()]))
      if ((rows.get(path) ?? 0) !== (partitions.get(path)?.rows ?? 0))
        found.push(
          `catalog.duckdb has ${rows.get(path) ?? 0} rows of ${path}, its files ${partitions.get(path)?.rows ?? 0}`,
        );
  } catch (error) {
    found.push(`catalog.duckdb cannot be read: ${(error as Error).message}`);
  }
}

/**
 * It stands once in the log of its partition, and its rows are there; or it waits, or failed and says why. One that came
 * later may have replaced it: the log begins with that.
 */
async function checkUpload(
  root: string,
  { upload_id, rows, partition: path }: Acknowledged,
  partitions: Map<string, Partition>,
  earlier: ReadonlySet<string>,
  found: string[],
): Promise<void> {
  const log = partitions.get(path)?.log ?? [];
  const places = ["pending", "processing", "failed"].filter((part) =>
    existsSync(join(root, "staging", part, upload_id)),
  );
  const inLog = log.filter((entry) => entry.upload_id === upload_id);
  const elsewhere = [...partitions.values()].filter(
    (other) => other.path !== path && other.rowsOf.has(upload_id),
  );
  if (elsewhere.length > 0) found.push(`${upload_id} has rows in ${elsewhere[0]?.path} too`);
  if (places.length + inLog.length > 1)
    found.push(`${upload_id} stands in ${places.join(", ")} and in the log of ${path}`);
  if (places.length + inLog.length === 0) {
    const [first] = log;
    if (first?.mode !== "replace" || earlier.has(first.upload_id))
      found.push(`${upload_id} (${rows} rows for ${path}) is lost`);
  }
  if (places.includes("failed")) {
    const text = await readFile(join(root, "staging", "failed", upload_id, "error.json"), "utf8").catch(
      () => "{}",
    );
    if (!JSON.parse(text).message) found.push(`${upload_id} failed and does not say why`);
  }
  const [entry] = inLog;
  if (!entry) return;
  if (entry.rows + entry.rejected !== rows)
    found.push(`${upload_id} was to bring ${rows} rows and brought ${entry.rows}`);
  const there = partitions.get(path)?.rowsOf.get(upload_id)?.rows ?? 0;
  if (there !== entry.rows)
    found.push(`${path} has ${there} rows of ${upload_id}, which brought ${entry.rows}`);
}

async function checkStaging(root: string, found: string[]): Promise<void> {
  for (const part of ["pending", "processing"]) {
    const names = await readdir(join(root, "staging", part)).catch(() => []);
    const left = names.filter((name) => !name.startsWith("."));
    if (left.length > 0) found.push(`${left.join(", ")} is left in ${part}`);
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function rowsOf<T>(connection: DuckDBConnection, sql: string): Promise<T[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJS() as T[];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
