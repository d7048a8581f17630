import { join } from "node:path";
import type { DuckDBInstance } from "@duckdb/node-api";

/** What an instance is made with; later it cannot be asked which. */
export interface InstanceOptions {
  /** Database file; default in memory. */
  path?: string;
  readOnly?: boolean;
  /** Folder for spilling. Never the working directory. */
  scratch: string;
  /** As in DuckDB settings: `1GB`. */
  memory?: string;
  threads?: number;
}

let begun: { key: string; starting: Promise<DuckDBInstance> } | undefined;

/**
 * Begins to make an instance, which takes some 12 ms of another thread, for who opens one of these options next: meanwhile
 * a command reads what it needs to open it. One in memory that nobody takes is worth nothing, and takes little.
 */
export function beginInstance(options: InstanceOptions): void {
  const starting = create(options);
  starting.catch(() => {}); // who opens it meets the failure
  begun = { key: keyOf(options), starting };
}

/** Makes an instance, or takes the one that was begun. */
export function makeInstance(options: InstanceOptions): Promise<DuckDBInstance> {
  if (begun?.key !== keyOf(options)) return create(options);
  const { starting } = begun;
  begun = undefined;
  return starting;
}

/** Where an instance of this process spills to; it makes and removes the folder. */
export function spillFolder(scratch: string): string {
  return join(scratch, `spill-${process.pid}`);
}

async function create(options: InstanceOptions): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const { path = ":memory:", readOnly, scratch, memory, threads } = options;
  return DuckDBInstance.create(path, {
    ...(readOnly ? { access_mode: "READ_ONLY" } : {}),
    autoinstall_known_extensions: "false",
    autoload_known_extensions: "false",
    temp_directory: spillFolder(scratch),
    ...(memory ? { memory_limit: memory } : {}),
    ...(threads ? { threads: String(threads) } : {}),
  });
}

function keyOf({ path, readOnly, scratch, memory, threads }: InstanceOptions): string {
  return JSON.stringify([path, readOnly, scratch, memory, threads]);
}
