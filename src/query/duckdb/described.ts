import type { DuckDBInstance } from "@duckdb/node-api";
import type { Column } from "../../schema/columns.ts";
import type { Database } from "../database.ts";
import type { DescribedPartition } from "../row-plan.ts";
import { type RowRange, readRanges } from "../search-index/ranges.ts";
import { readTable } from "./tables.ts";

/** What a catalog says of itself. */
export interface DescribedCatalog {
  known: DescribedPartition[];
  /** Columns of the table `catalog`. */
  table: Column[];
  /** What the search index knows; empty without one. */
  ranges: RowRange[];
  generation: number;
}

/** Published files never change: what one says is read once for each instance that has it open. */
const DESCRIBED = new WeakMap<DuckDBInstance, Promise<DescribedCatalog>>();

export function describeCatalog(database: Database): Promise<DescribedCatalog> {
  const known = DESCRIBED.get(database.instance);
  if (known) return known;
  const described = read(database);
  DESCRIBED.set(database.instance, described);
  described.catch(() => DESCRIBED.delete(database.instance));
  return described;
}

async function read(database: Database): Promise<DescribedCatalog> {
  const [head] = await database.rows<{ generation: number }>("SELECT generation FROM lake");
  return {
    known: await database.rows<DescribedPartition>(
      "SELECT provider, dataset, task, variant, rows, bytes, columns, features FROM partitions",
    ),
    table: await readTable(database, "catalog"),
    ranges: (await readRanges(database)) ?? [],
    generation: head?.generation ?? 0,
  };
}
