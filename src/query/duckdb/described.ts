import type { DuckDBInstance } from "@duckdb/node-api";
import type { Column } from "../../schema/columns.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { Database } from "../database.ts";
import type { DescribedPartition } from "../row-plan.ts";
import { findRanges, type RowRange, readRanges } from "../search-index/ranges.ts";
import { readTable } from "./tables.ts";

/** What a catalog says of itself. */
export interface DescribedCatalog {
  known: DescribedPartition[];
  /** Columns of the table `catalog`. */
  table: Column[];
  generation: number;
}

/** Where the rows of its partitions lie; what searches go by. */
export interface LocatedCatalog {
  /** The ranges of rows of each partition, by its name, ascending. */
  ranges: Map<string, RowRange[]>;
  /** Partitions that the search index knows whole, by name. */
  indexed: Set<string>;
  /** All rowids are below. */
  rowEnd: number;
}

/** Published files never change: what one says is read once for each instance that has it open. */
const DESCRIBED = new WeakMap<DuckDBInstance, Promise<DescribedCatalog>>();
const LOCATED = new WeakMap<DuckDBInstance, Promise<LocatedCatalog>>();

export function describeCatalog(database: Database): Promise<DescribedCatalog> {
  return once(DESCRIBED, database, readDescribed);
}

export function locateRows(database: Database): Promise<LocatedCatalog> {
  return once(LOCATED, database, readLocated);
}

function once<T>(
  known: WeakMap<DuckDBInstance, Promise<T>>,
  database: Database,
  read: (database: Database) => Promise<T>,
): Promise<T> {
  const before = known.get(database.instance);
  if (before) return before;
  const reading = read(database);
  known.set(database.instance, reading);
  reading.catch(() => known.delete(database.instance));
  return reading;
}

async function readDescribed(database: Database): Promise<DescribedCatalog> {
  const [head] = await database.rows<{ generation: number }>("SELECT generation FROM lake");
  return {
    known: await database.rows<DescribedPartition>(
      "SELECT provider, dataset, task, variant, rows, bytes, columns, features FROM partitions",
    ),
    table: await readTable(database, "catalog"),
    generation: head?.generation ?? 0,
  };
}

async function readLocated(database: Database): Promise<LocatedCatalog> {
  const { known } = await describeCatalog(database);
  const inIndex = byPartition((await readRanges(database)) ?? []);
  const rowsOf = (name: string) =>
    (inIndex.get(name) ?? []).reduce((sum, { row_start, row_end }) => sum + row_end - row_start, 0);
  const whole = known.filter((partition) => rowsOf(formatPartition(partition)) === partition.rows);
  const indexed = new Set(whole.map(formatPartition));
  const ranges = whole.length === known.length ? inIndex : byPartition(await findRanges(database, 0));
  const rowEnd = Math.max(0, ...Array.from(ranges.values(), (own) => own.at(-1)?.row_end ?? 0));
  return { ranges, indexed, rowEnd };
}

function byPartition(ranges: readonly RowRange[]): Map<string, RowRange[]> {
  const own = new Map<string, RowRange[]>();
  for (const range of ranges) {
    const name = formatPartition(range);
    const list = own.get(name);
    if (list) list.push(range);
    else own.set(name, [range]);
  }
  return own;
}
