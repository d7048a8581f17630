import { AppError } from "../../errors.ts";
import type { Column, ColumnStats } from "../../schema/columns.ts";
import { mergeColumns } from "../../schema/merge-columns.ts";
import { PARTITION_COLUMNS } from "../../schema/partition.ts";
import { type Database, onOwnConnection } from "../database.ts";
import { oncePerInstance } from "../once-per-instance.ts";
import type { DescribedPartition } from "../row-plan.ts";
import { type RowRange, readAllRanges } from "../search-index/ranges.ts";
import { quoteList } from "../sql.ts";
import { CATALOG_FORMAT, CELL_NAMES, type HousedPartition } from "./homes.ts";
import { markOpen } from "./open-columns.ts";

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
  license: string;
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

export const describeCatalog = oncePerInstance(readDescribed);
export const locateRows = oncePerInstance(readLocated);

async function readDescribed(database: Database): Promise<DescribedCatalog> {
  const [heads, partitions] = await Promise.allSettled([
    onOwnConnection(database, (own) =>
      own.rows<{ generation: number; format: number }>("SELECT generation, format FROM lake"),
    ),
    readPartitions(database),
  ]);
  if (heads.status === "rejected") throw heads.reason;
  const [head] = heads.value;
  if (head?.format !== CATALOG_FORMAT) {
    throw new AppError(
      "corrupt",
      `the catalog has format ${head?.format}, of another version of datalake, not ${CATALOG_FORMAT}; run \`datalake catalog rebuild\``,
    );
  }
  // In a catalog of another version there may be other columns.
  if (partitions.status === "rejected") throw partitions.reason;
  const { value: known } = partitions;
  const keys = PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" }));
  return { known, table: [...keys, ...mergeColumns(known)], generation: head.generation };
}

async function readLocated(database: Database): Promise<LocatedCatalog> {
  const { row_ranges, index_ranges } = await readAllRanges(database);
  const [ranges, indexed] = [byPart(row_ranges), byPart(index_ranges)];
  let rowEnd = 0;
  for (const own of ranges.values()) rowEnd = Math.max(rowEnd, own.at(-1)?.row_end ?? 0);
  return { ranges, indexed, rowEnd };
}

function byPart(ranges: readonly RowRange[]): Map<number, RowRange[]> {
  return Map.groupBy(ranges, ({ part }) => part);
}

type Lists = Pick<StoredPartition, "columns" | "cells">;

/** More columns than these together are read one by one: the engine makes the text of lists at once. */
const FEW_COLUMNS = 20_000;

/** What is read of it as it is; tables of earlier versions have no license and say nothing of open columns. */
const PLAIN = [...PARTITION_COLUMNS, "rows", "bytes", "features", "part", "home", "license", "open_columns"];

/** The table `partitions` of the database in use. */
async function readPartitions(database: Database): Promise<StoredPartition[]> {
  // Lists as JSON, which takes a quarter of the time of values of the engine's own kinds.
  const lists = `CASE WHEN (SELECT sum(len(columns)) FROM partitions) > ${FEW_COLUMNS}
    THEN to_json({files: files, uploads: uploads})
    ELSE to_json({files: files, uploads: uploads, columns: columns, cells: cells}) END`;
  const rows = await database.rows<
    Omit<StoredPartition, "files" | "uploads" | "license" | keyof Lists> & {
      lists: string;
      license?: string | null;
      open_columns?: string[] | null;
    }
  >(
    `SELECT COLUMNS(lambda name: list_contains(${quoteList(PLAIN)}, name)),
       CAST(uploaded_at AS VARCHAR) AS uploaded_at, ${lists} AS lists FROM partitions`,
  );
  const read = rows.map(({ lists, ...row }) => ({ ...row, ...(JSON.parse(lists) as Partial<Lists>) }));
  const large = read.some(({ columns }) => columns === undefined) ? await readLists(database) : undefined;
  return read.map(({ license, open_columns, ...row }) => {
    const partition = { ...row, license: license ?? "", ...large?.get(row.part) } as StoredPartition;
    return { ...partition, columns: markOpen(partition.columns, open_columns) };
  });
}

/** The columns of many wide partitions, by number; equal ones are one object. */
async function readLists(database: Database): Promise<Map<number, Lists>> {
  const found = new Map<number, Lists>();
  const listsOf = (part: number): Lists => {
    const held = found.get(part) ?? { columns: [], cells: { integers: [], numbers: [], texts: [] } };
    found.set(part, held);
    return held;
  };
  const known = new Map<string, ColumnStats[]>();
  const columns = `SELECT part, c.name, c.type, c.nulls, c.nfc FROM (SELECT part, unnest(columns) AS c FROM partitions)`;
  for await (const chunk of database.chunks(columns)) {
    const [parts = [], names = [], types = [], nulls = [], nfcs = []] = chunk.getColumns();
    for (const [at, part] of parts.entries()) {
      const column = {
        name: String(names[at]),
        type: String(types[at]),
        nulls: Number(nulls[at]),
        nfc: nfcs[at] as boolean | null,
      };
      listsOf(Number(part)).columns.push(shared(known, column));
    }
  }
  for (const list of CELL_NAMES) {
    for await (const chunk of database.chunks(`SELECT part, unnest(cells.${list}) FROM partitions`)) {
      const [parts = [], names = []] = chunk.getColumns();
      for (const [at, part] of parts.entries()) {
        const name = String(names[at]);
        listsOf(Number(part)).cells[list].push(known.get(name)?.[0]?.name ?? name);
      }
    }
  }
  return found;
}

/** Most columns have no NULL, or nothing else; to look through more than a few would take longer than they are worth. */
const MAX_ALIKE = 8;

function shared(known: Map<string, ColumnStats[]>, column: ColumnStats): ColumnStats {
  const alike = known.get(column.name) ?? [];
  if (alike.length === 0) known.set(column.name, alike);
  const same = alike.find(
    (one) => one.type === column.type && one.nulls === column.nulls && one.nfc === column.nfc,
  );
  if (same === undefined && alike.length < MAX_ALIKE) alike.push(column);
  return same ?? column;
}
