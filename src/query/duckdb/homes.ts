import { type Column, type ColumnStats, SYSTEM_COLUMNS } from "../../schema/columns.ts";
import { PARTITION_COLUMNS, type PartitionKey } from "../../schema/partition.ts";
import { quoteName } from "../sql.ts";
import { castValue } from "./cast.ts";
import { cellValue } from "./cell-text.ts";
import { type StoredForm, storedForms } from "./stored-columns.ts";

/** Version of the catalog's tables; a file of another one is built anew. */
export const CATALOG_FORMAT = 7;

/** Number of a row in the catalog: no two rows have one, and later rows have higher ones. */
export const ROW = '"@n"';
/** Number of the partition that a row belongs to. */
export const PART = '"@part"';
/**
 * Columns of the shared home: the values that a row has in columns of its partition's own, in a list for each of these
 * types; what is of another type is there as text. Where a column's value is says the partition's `cells`.
 */
export const CELL_LISTS = { integers: "BIGINT", numbers: "DOUBLE", texts: "VARCHAR" } as const;
export type CellList = keyof typeof CELL_LISTS;
export const CELL_NAMES = Object.keys(CELL_LISTS) as CellList[];
/** Names of the columns in each list, in order. */
export type Cells = Record<CellList, string[]>;

/** The home that partitions with columns of their own share. */
export const SHARED_HOME = 0;

/** Where the rows of a partition are in the catalog's file. */
export interface Housed {
  part: number;
  /** Its rows are in the table of this number. */
  home: number;
  /** Where it is the shared one: the columns that stand in its lists. */
  cells: Cells;
}

/** A partition with what is needed to read its rows. */
export interface HousedPartition extends PartitionKey, Housed {
  rows: number;
  columns: readonly ColumnStats[];
}

export function homeTable(home: number): string {
  return `rows_${home}`;
}

export function listColumn(list: CellList): string {
  return `"@${list}"`;
}

/** The list in which values of a type are. */
export function listOfType(type: string): CellList {
  return CELL_NAMES.find((list) => CELL_LISTS[list] === type) ?? "texts";
}

/** What says how the rows of a partition are read. */
export type LaidOut = Omit<HousedPartition, keyof PartitionKey | "part" | "rows">;

/** A partition may have thousands of columns, and is asked for each of them. */
const LAYOUTS = new WeakMap<LaidOut, string>();

/** Equal for partitions whose rows one SELECT reads. */
export function layoutOf(partition: LaidOut): string {
  const { home, cells, columns } = partition;
  if (home !== SHARED_HOME) return String(home);
  let layout = LAYOUTS.get(partition);
  layout ??= JSON.stringify([home, cells, columns.map(({ name, type }) => `${name} ${type}`).sort()]);
  LAYOUTS.set(partition, layout);
  return layout;
}

/** Partitions by their layout, in the order in which each is first met. */
export function byLayout<P extends HousedPartition>(partitions: readonly P[]): P[][] {
  const groups = new Map<string, P[]>();
  for (const partition of partitions) {
    const layout = layoutOf(partition);
    const group = groups.get(layout);
    if (group) group.push(partition);
    else groups.set(layout, [partition]);
  }
  return [...groups.values()];
}

/**
 * SQL that gives a row's columns in these types, out of the table of partitions that share a layout: what they do not
 * have is NULL.
 */
export function readColumns(group: readonly HousedPartition[], columns: readonly Column[]): string[] {
  const [first] = group;
  if (first === undefined) return [];
  const own = new Map(first.columns.map(({ name, type }) => [name, type]));
  const forms = formsOf(first);
  const cells = new Map(
    CELL_NAMES.flatMap((list) => first.cells[list].map((name, at) => [name, { list, at: at + 1 }] as const)),
  );
  const isFilled = openFilled(group);
  return columns.map(({ name, type }) => {
    const quoted = quoteName(name);
    if (KEYS.has(name)) return quoted;
    const held = own.get(name);
    // A column without values meets others in any type, to which there may be no cast from its own.
    if (held === undefined || (held !== type && !isFilled(name))) return `CAST(NULL AS ${type}) AS ${quoted}`;
    const cell = cells.get(name);
    const typed = forms.get(name)?.decode ?? quoted;
    const stored = cell ? ofCell(cell.list, `${listColumn(cell.list)}[${cell.at}]`, held) : typed;
    const value = castValue(stored, held, type);
    return value === quoted ? quoted : `${value} AS ${quoted}`;
  });
}

const KEYS: ReadonlySet<string> = new Set(PARTITION_COLUMNS);

/** Tells whether a row of these partitions has a value in a column; goes over each of them once at most. */
function openFilled(group: readonly HousedPartition[]): (name: string) => boolean {
  const names = new Set<string>();
  let next = 0;
  return (name) => {
    while (!names.has(name)) {
      const partition = group[next++];
      if (partition === undefined) return false;
      for (const column of partition.columns) if (column.nulls < partition.rows) names.add(column.name);
    }
    return true;
  };
}

/** The columns of a home that do not stand in its table as they are. */
export function formsOf({
  home,
  columns,
}: Pick<HousedPartition, "home" | "columns">): Map<string, StoredForm> {
  return storedForms(home === SHARED_HOME ? SYSTEM_COLUMNS : columns);
}

/** SQL of a value that stands in a list of the shared home. */
export function ofCell(list: CellList, sql: string, type: string): string {
  return list === "texts" ? cellValue(type, sql) : castValue(sql, CELL_LISTS[list], type);
}

/** SQL that gives number and columns of the rows of partitions that share a layout, where a condition holds. */
export function selectRows(
  group: readonly HousedPartition[],
  columns: readonly Column[],
  where: string,
  schema = "",
): string {
  const list = [ROW, ...readColumns(group, columns)];
  const table = homeTable(group[0]?.home ?? SHARED_HOME);
  return `SELECT ${list.join(", ")} FROM ${schema === "" ? "" : `${quoteName(schema)}.`}${table} WHERE ${where}`;
}

/** A condition that holds for the rows of these partitions in their table. */
export function ofParts(group: readonly Pick<Housed, "part">[]): string {
  return `${PART} IN (${group.map(({ part }) => part).join(", ")})`;
}
