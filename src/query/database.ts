import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import type {
  DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBResult,
  DuckDBValue,
} from "@duckdb/node-api";
import { AppError, throwIfCancelled } from "../errors.ts";
import { type InstanceOptions, makeInstance, spillFolder } from "./instance.ts";
import { quoteName } from "./sql.ts";
import { chunksOf, streamResult } from "./stream-result.ts";

/** The folder for spilling is created if missing. */
export interface DatabaseOptions extends InstanceOptions {
  /** Memory for work that does not fit into `memory` (less-memory.ts). */
  mostMemory?: string | undefined;
  /** Threads for work that reads many rows, where it begins with fewer (`spread`). */
  mostThreads?: number | undefined;
  /** What else is needed then: done while the engine starts, which takes some 15 ms of another thread. */
  meanwhile?: () => Promise<unknown>;
}

/** A DuckDB instance with one connection. Close it explicitly; never shared between requests. */
export interface Database {
  readonly connection: DuckDBConnection;
  readonly instance: DuckDBInstance;
  readonly mostMemory: string | undefined;
  run(sql: string, values?: DuckDBValue[]): Promise<void>;
  /** Rows as objects: BIGINT as number (our counts fit), timestamps as DuckDB values. For small results. */
  rows<T = Record<string, unknown>>(sql: string, values?: DuckDBValue[]): Promise<T[]>;
  /** A streamed result; throws if it fails midway (`streamResult`). */
  stream(sql: string, values?: DuckDBValue[]): Promise<DuckDBResult>;
  /** Chunks of a streamed result. The signal interrupts the query. Throws `cancelled`. */
  chunks(sql: string, signal?: AbortSignal): AsyncGenerator<DuckDBDataChunk>;
  /**
   * Gives the instance `mostThreads`, for work that reads many rows. Others are best done by one: a thread that finds nothing
   * to do takes the processor all the same, for as long as another waits for a network mount.
   */
  spread(): Promise<void>;
  /** Makes an attached database the default, also for later connections. */
  use(name: string): Promise<void>;
  /** A separate connection with its own temporary tables and interrupts. Close it before the instance. */
  connect(): Promise<Database>;
  close(): void;
  /**
   * Closes it when this process comes to it, and nothing may be asked of it after this call: to give memory back takes the
   * engine 5 ms, and a command ends before. At once where the engine has spilled, for it removes that then.
   */
  closeLater(): void;
}

/**
 * Opens a DuckDB database: no extension downloads, spilling to `scratch`, insertion order preserved. Loads
 * the native library on first use (about 60 ms).
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const spill = spillFolder(options.scratch);
  await import("@duckdb/node-api"); // a cache that cannot be written is told by its setting, before a folder in it is missed
  await mkdir(options.scratch, { recursive: true });
  const starting = makeInstance(options);
  await options.meanwhile?.().catch(() => {}); // who needs it meets the failure
  const instance = await starting;
  const connection = await instance.connect();
  const { mostMemory, mostThreads } = options;
  const shared = { instance, mostMemory, mostThreads, hasSpilled: () => existsSync(spill) };
  return wrapDatabase(connection, shared, () => instance.closeSync());
}

/** What all connections to an instance have in common. */
interface SharedInstance {
  readonly instance: DuckDBInstance;
  readonly mostMemory: string | undefined;
  /** Undefined once it has them. */
  mostThreads: number | undefined;
  hasSpilled(): boolean;
}

function wrapDatabase(
  connection: DuckDBConnection,
  shared: SharedInstance,
  closeInstance: () => void,
): Database {
  const { instance, mostMemory } = shared;
  let open = true;
  let used: string | undefined;
  const database: Database = {
    connection,
    instance,
    mostMemory,
    run: async (sql, values) => {
      await connection.run(sql, values);
    },
    rows: async <T>(sql: string, values?: DuckDBValue[]) => {
      const reader = await connection.runAndReadAll(sql, values);
      return reader.getRowObjects().map((row) => plainRow(row)) as T[];
    },
    stream: (sql, values) => streamResult(connection, sql, values),
    chunks: async function* (sql, signal) {
      const result = await interruptible(database, signal, () => streamResult(connection, sql));
      yield* chunksOf(result, () => interruptible(database, signal, () => result.fetchChunk()));
    },
    spread: async () => {
      const { mostThreads } = shared;
      shared.mostThreads = undefined;
      if (mostThreads !== undefined) await connection.run(`SET threads = ${mostThreads}`);
    },
    use: async (name) => {
      await connection.run(`USE ${quoteName(name)}`);
      used = name;
    },
    connect: async () => {
      const another = wrapDatabase(await instance.connect(), shared, () => {});
      if (used !== undefined) await another.use(used);
      return another;
    },
    close: () => {
      if (!open) return;
      open = false;
      connection.closeSync();
      closeInstance();
    },
    closeLater: () => {
      if (shared.hasSpilled()) database.close();
      else setImmediate(database.close).unref();
    },
  };
  return database;
}

/** Runs work that may outlive whoever began it, or runs beside other work: a connection has one statement at a time. */
export async function onOwnConnection<T>(
  database: Database,
  work: (own: Database) => Promise<T>,
): Promise<T> {
  const own = await database.connect();
  try {
    return await work(own);
  } finally {
    own.close();
  }
}

/** Runs `work`; the signal interrupts the query in the engine, which `terminate()` of a worker would not. */
export async function interruptible<T>(
  database: Database,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  throwIfCancelled(signal);
  const interrupt = () => database.connection.interrupt();
  signal?.addEventListener("abort", interrupt, { once: true });
  try {
    return await work();
  } catch (error) {
    if (signal?.aborted) throw new AppError("cancelled", "cancelled", { cause: error });
    throw error;
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}

function plainRow(row: Record<string, unknown>): Record<string, unknown> {
  const plain: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) plain[name] = plainValue(value);
  return plain;
}

/** Converts DuckDB's lists and structs to arrays and objects, big integers to numbers. */
function plainValue(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  if ("items" in value && Array.isArray(value.items)) return value.items.map(plainValue);
  if ("entries" in value && typeof value.entries === "object" && !Array.isArray(value.entries)) {
    return plainRow(value.entries as Record<string, unknown>);
  }
  return value;
}
