import type { DuckDBInstance } from "@duckdb/node-api";
import { AppError } from "../../errors.ts";
import type { Column, ColumnStats } from "../../schema/columns.ts";
import { mergeColumns } from "../../schema/merge-columns.ts";
import { PARTITION_COLUMNS } from "../../schema/partition.ts";
import type { Database } from "../database.ts";
import type { DescribedPartition } from "../row-plan.ts";
import { type RowRange, readRanges } from "../search-index/ranges.ts";
import { CATALOG_FORMAT, type HousedPartition } from "./homes.ts";

/** What a catalog says of itself. */
export interface DescribedCatalog {
  known: StoredPartition[];
  /** The columns of all partitions, and the four names. */
  table: Column[];
  generation: number;
}

/** A partition with what queries need to know of it, and where its rows are. */
export interface StoredPartition extends DescribedPartition, HousedPartition {
  columns: ColumnStats[];
  /** Names of its live files, and the uploads that made its rows: together they change whenever rows do. */
  files: string[];
  uploads: string[];
  /** When the newest of them came; ISO 8601, UTC. */
  uploaded_at: string | null;
}

/** Where the rows of its partitions lie; what searches go by. */
export interface LocatedCatalog {
  /** The ranges of rows of each partition, by its number, ascending. */
  ranges: Map<number, RowRange[]>;
  /** Those of them that the search index knows. */
  indexed: Map<number, RowRange[]>;
  /** All rows have numbers below. */
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
  const [head] = await database.rows<{ generation: number; format: number }>(
    "SELECT generation, format FROM lake",
  );
  if (head?.format !== CATALOG_FORMAT) {
    throw new AppError(
      "corrupt",
      `the catalog has format ${head?.format}, of another version of datalake, not ${CATALOG_FORMAT}; run \`datalake catalog rebuild\``,
    );
  }
  // As JSON, which takes a quarter of the time of values of the engine's own kinds.
  type Lists = Pick<StoredPartition, "columns" | "cells" | "files" | "uploads">;
  const rows = await database.rows<Omit<StoredPartition, keyof Lists> & { lists: string }>(
    `SELECT provider, dataset, task, variant, rows, bytes, features, part, home, CAST(uploaded_at AS VARCHAR) AS uploaded_at,
       to_json({columns: columns, cells: cells, files: files, uploads: uploads}) AS lists FROM partitions`,
  );
  const known = rows.map(({ lists, ...row }) => ({ ...row, ...(JSON.parse(lists) as Lists) }));
  const keys = PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" }));
  return { known, table: [...keys, ...mergeColumns(known)], generation: head.generation };
}

async function readLocated(database: Database): Promise<LocatedCatalog> {
  const ranges = byPart(await readRanges(database, "row_ranges"));
  const indexed = byPart(await readRanges(database, "index_ranges"));
  let rowEnd = 0;
  for (const own of ranges.values()) rowEnd = Math.max(rowEnd, own.at(-1)?.row_end ?? 0);
  return { ranges, indexed, rowEnd };
}

function byPart(ranges: readonly RowRange[]): Map<number, RowRange[]> {
  return Map.groupBy(ranges, ({ part }) => part);
}
