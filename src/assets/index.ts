import { Database } from "bun:sqlite";
import { rmSync } from "node:fs";
import type { AssetRecord } from "../schema/asset.ts";
import type { ImagePolicy } from "../schema/upload.ts";
import { stemIndex } from "./stems.ts";

/** An asset with the policy it was stored under; null if unknown. */
export type KnownAsset = AssetRecord & { policy: ImagePolicy | null };

/** An asset with its source name; null if it is known only by a reference from a row. */
export type NamedAsset = KnownAsset & { source_name: string | null };

/**
 * Batched look-ups of a dataset's assets: a cache on local disk, built from the rows of the partitions and
 * safe to delete. It may know assets that no row refers to yet; callers check that the file exists.
 */
export interface AssetIndex {
  /** All stored forms of each source, at most one per policy. */
  findBySource(sourceHashes: readonly string[]): Map<string, KnownAsset[]>;
  findByHash(hashes: readonly string[]): Map<string, NamedAsset>;
  findByPixels(pixelHashes: readonly string[]): Map<string, KnownAsset[]>;
  /** All distinct assets with a source name; of the forms of one source, the one with the original bytes. */
  findByName(names: readonly string[]): Map<string, KnownAsset[]>;
  /** All names with one of these stems (last path component without extension). */
  findNamesByStem(stems: readonly string[]): Map<string, string[]>;
  /** Adds assets in one transaction; known ones stay unchanged. */
  add(records: readonly (KnownAsset & { source_name?: string | null })[]): void;
  /** Fingerprints of the partition files that it was built from. */
  loadedFiles(): string[];
  markLoaded(fingerprint: string): void;
  close(): void;
}

const FORMAT = 3;
/** Values per statement; SQLite allows 32,766. */
const BATCH = 500;

const SCHEMA = `
  CREATE TABLE assets (
    source_hash TEXT NOT NULL, hash TEXT NOT NULL, path TEXT NOT NULL, width INTEGER, height INTEGER,
    format TEXT NOT NULL, bytes INTEGER NOT NULL, pages INTEGER, orientation INTEGER, dpi REAL, pixel_hash TEXT,
    policy TEXT, page_source TEXT, PRIMARY KEY (source_hash, hash)
  ) WITHOUT ROWID;
  CREATE INDEX by_hash ON assets (hash);
  CREATE INDEX by_pixels ON assets (pixel_hash) WHERE pixel_hash IS NOT NULL;
  CREATE TABLE names (source_name TEXT NOT NULL, hash TEXT NOT NULL, PRIMARY KEY (source_name, hash)) WITHOUT ROWID;
  CREATE INDEX names_by_hash ON names (hash);
  CREATE TABLE files (fingerprint TEXT PRIMARY KEY) WITHOUT ROWID;
  PRAGMA user_version = ${FORMAT};
`;

/** Opens the index at `file` in an existing folder; recreates it if it is damaged or of another format. */
export function openAssetIndex(file: string): AssetIndex {
  let database: Database;
  try {
    database = openFile(file);
  } catch {
    for (const suffix of ["", "-wal", "-shm", "-journal"]) rmSync(`${file}${suffix}`, { force: true });
    database = openFile(file);
  }
  return wrapIndex(database);
}

function openFile(file: string): Database {
  const database = new Database(file, { create: true });
  // A power cut may lose the index, which is rebuilt from the partitions.
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = OFF");
  database.run("PRAGMA cache_size = -16000");
  const version = database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version;
  if (version === 0) database.run(SCHEMA);
  else if (version !== FORMAT) throw new Error(`index format ${version}`);
  return database;
}

function wrapIndex(database: Database): AssetIndex {
  const select = function* <T>(columns: string, from: string, column: string, values: readonly string[]) {
    for (let at = 0; at < values.length; at += BATCH) {
      const batch = values.slice(at, at + BATCH);
      const marks = batch.map(() => "?").join(",");
      // Full batches share a prepared statement, cached by Database.query.
      const sql = `SELECT ${columns} FROM ${from} WHERE ${column} IN (${marks})`;
      yield* database.query<T, string[]>(sql).all(...batch);
    }
  };
  // Known assets stay unchanged unless the new record comes from a complete read.
  const insertAsset = database.query(
    `INSERT INTO assets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       pages = excluded.pages, orientation = excluded.orientation, dpi = excluded.dpi,
       pixel_hash = excluded.pixel_hash, policy = excluded.policy
     WHERE assets.pages IS NULL OR assets.pixel_hash IS NULL AND excluded.pixel_hash IS NOT NULL
       OR excluded.pixel_hash IS NOT NULL AND excluded.policy = 'optimize'`,
  );
  const stems = stemIndex(database);
  const insertName = database.query("INSERT OR IGNORE INTO names VALUES (?, ?)");
  const addAll = database.transaction(
    (records: readonly (KnownAsset & { source_name?: string | null })[]) => {
      for (const record of records) {
        const { source_hash, hash, path, width, height, format, bytes, source_name } = record;
        const { pages, orientation, dpi, pixel_hash, policy, page_source } = record;
        insertAsset.run(
          ...[source_hash, hash, path, width, height, format, bytes],
          ...[pages, orientation, dpi, pixel_hash, policy, page_source],
        );
        if (source_name == null) continue;
        insertName.run(source_name, hash);
        stems.add(source_name);
      }
    },
  );
  return {
    findBySource: (hashes) => {
      const found = new Map<string, KnownAsset[]>();
      for (const row of select<KnownAsset>("*", "assets", "source_hash", hashes)) {
        collect(found, row.source_hash, row);
      }
      return found;
    },
    findByHash: (hashes) => {
      const found = new Map<string, NamedAsset>();
      const name = "(SELECT min(source_name) FROM names WHERE names.hash = assets.hash) AS source_name";
      for (const row of select<NamedAsset>(`*, ${name}`, "assets", "hash", hashes)) {
        found.set(row.hash, preferKept(found.get(row.hash), row));
      }
      return found;
    },
    findByPixels: (hashes) => {
      const found = new Map<string, KnownAsset[]>();
      for (const row of select<KnownAsset>("*", "assets", "pixel_hash", hashes)) {
        if (row.pixel_hash !== null) collect(found, row.pixel_hash, row);
      }
      return found;
    },
    findByName: (names) => {
      const found = new Map<string, KnownAsset[]>();
      const from = "names JOIN assets USING (hash)";
      for (const { source_name, ...row } of select<NamedAsset>(
        "assets.*, source_name",
        from,
        "source_name",
        names,
      )) {
        collect(found, source_name ?? "", row);
      }
      return new Map([...found].map(([name, rows]) => [name, distinctPages(rows)]));
    },
    findNamesByStem: (given) => new Map(given.map((stem) => [stem, stems.find(stem)])),
    add: (records) => addAll(records),
    loadedFiles: () =>
      database
        .query<{ fingerprint: string }, []>("SELECT fingerprint FROM files")
        .all()
        .map((row) => row.fingerprint),
    markLoaded: (fingerprint) => {
      database.query("INSERT OR IGNORE INTO files VALUES (?)").run(fingerprint);
    },
    close: () => database.close(),
  };
}

function collect<T>(found: Map<string, T[]>, key: string, row: T): void {
  const rows = found.get(key);
  if (rows === undefined) found.set(key, [row]);
  else rows.push(row);
}

/** One asset per page: merges equal hashes, and forms of one source made by different policies. */
function distinctPages(rows: readonly KnownAsset[]): KnownAsset[] {
  const byHash = new Map<string, KnownAsset>();
  for (const row of rows) byHash.set(row.hash, preferKept(byHash.get(row.hash), row));
  const bySource = new Map<string, KnownAsset>();
  for (const row of byHash.values()) {
    const source = rows.find((other) => other.hash === row.hash && bySource.has(other.source_hash));
    const key = source?.source_hash ?? row.source_hash;
    bySource.set(key, preferKept(bySource.get(key), row));
  }
  return [...bySource.values()];
}

/**
 * Prefers the source whose own bytes are stored, then the smaller hash, so that look-ups are deterministic.
 */
function preferKept<T extends KnownAsset>(known: T | undefined, row: T): T {
  if (known === undefined) return row;
  const kept = (record: T) => record.source_hash === record.hash;
  if (kept(known) !== kept(row)) return kept(known) ? known : row;
  return known.source_hash < row.source_hash ? known : row;
}
