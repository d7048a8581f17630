import { type Cells, type Housed, layoutOf, listOfType, SHARED_HOME } from "../query/duckdb/homes.ts";
import { type Column, type ColumnStats, SYSTEM_COLUMNS } from "../schema/columns.ts";

/** With more columns a table takes the engine more memory than a build has: each needs a block. */
const MAX_TABLE_COLUMNS = 600;
/** So many schemas have a table each, those of most values; a table costs space and time of every opening... */
const FEW_TABLES = 32;
/** ...and more than those only schemas of so many values. */
const LARGE_VALUES = 1_000_000;
const MAX_TABLES = 256;

/** Which table the rows of each partition are in. */
export interface Houses {
  byName: Map<string, Housed & { layout: string }>;
  /** Numbers of the tables, by their schema. */
  tables: Map<string, number>;
  nextPart: number;
  nextHome: number;
}

/** What must be known of a partition to find it a home. */
export interface Tenant {
  name: string;
  rows: number;
  columns: readonly ColumnStats[];
}

/** The houses of partitions that a catalog holds. */
export function openHouses(known: readonly (Tenant & Housed)[]): Houses {
  const houses: Houses = { byName: new Map(), tables: new Map(), nextPart: 0, nextHome: SHARED_HOME + 1 };
  for (const { name, part, home, cells, columns } of known) {
    houses.byName.set(name, { part, home, cells, layout: layoutOf({ home, cells, columns }) });
    houses.nextPart = Math.max(houses.nextPart, part + 1);
    houses.nextHome = Math.max(houses.nextHome, home + 1);
    if (home !== SHARED_HOME) houses.tables.set(schemaOf(columns), home);
  }
  return houses;
}

/**
 * Finds a home for these partitions: one of its own for each schema that holds much, the shared one for the others. A
 * partition stays where it is as long as its columns do. Gives the names of those that moved in or moved.
 */
export function house(houses: Houses, tenants: readonly Tenant[]): Set<string> {
  const moved = new Set<string>();
  const seekers = tenants.filter((tenant) => !fits(houses, tenant));
  const values = new Map<string, number>();
  for (const { rows, columns } of seekers) {
    if (columns.length > MAX_TABLE_COLUMNS) continue;
    const schema = schemaOf(columns);
    values.set(schema, (values.get(schema) ?? 0) + rows * (columns.length + 1));
  }
  for (const [schema, count] of [...values].sort(([, a], [, b]) => b - a)) {
    if (houses.tables.has(schema)) continue;
    const room = count >= LARGE_VALUES ? MAX_TABLES : FEW_TABLES;
    if (houses.tables.size < room) houses.tables.set(schema, houses.nextHome++);
  }
  for (const { name, columns } of seekers) {
    const part = houses.byName.get(name)?.part ?? houses.nextPart++;
    const home = houses.tables.get(schemaOf(columns)) ?? SHARED_HOME;
    const cells = cellsOf(home === SHARED_HOME ? columns : []);
    houses.byName.set(name, { part, home, cells, layout: layoutOf({ home, cells, columns }) });
    moved.add(name);
  }
  return moved;
}

function fits({ byName, tables }: Houses, { name, columns }: Tenant): boolean {
  const held = byName.get(name);
  if (held === undefined) return false;
  if (held.home !== SHARED_HOME) return tables.get(schemaOf(columns)) === held.home;
  return layoutOf({ ...held, columns }) === held.layout;
}

/** Equal for partitions whose columns have the same names and types. */
function schemaOf(columns: readonly Column[]): string {
  return JSON.stringify(columns.map(({ name, type }) => `${name} ${type}`).sort());
}

/** Columns that the shared home holds in lists: all but the lake's own, of their own types. */
function cellsOf(columns: readonly Column[]): Cells {
  const cells: Cells = { integers: [], numbers: [], texts: [] };
  for (const { name, type } of columns) {
    const isTyped = SYSTEM_COLUMNS.some((column) => column.name === name && column.type === type);
    if (!isTyped) cells[listOfType(type)].push(name);
  }
  return cells;
}
