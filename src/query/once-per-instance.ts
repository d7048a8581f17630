import type { DuckDBInstance } from "@duckdb/node-api";
import { type Database, onOwnConnection } from "./database.ts";

/**
 * Published files never change: what one says is read once for each instance that has it open, whoever asks. It is read on
 * a connection of its own: beside what else is asked, and not interrupted with the search that came first. A read that
 * failed is tried again by who asks next.
 */
export function oncePerInstance<T>(
  read: (database: Database) => Promise<T>,
): (database: Database) => Promise<T> {
  const known = new WeakMap<DuckDBInstance, Promise<T>>();
  return (database) => {
    const before = known.get(database.instance);
    if (before) return before;
    const reading = onOwnConnection(database, read);
    known.set(database.instance, reading);
    reading.catch(() => known.delete(database.instance));
    return reading;
  };
}
