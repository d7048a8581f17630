import type { Database } from "../query/database.ts";
import { castValue, isJsonIn } from "../query/duckdb/cast.ts";
import { cellValue, isPackedType } from "../query/duckdb/cell-text.ts";
import {
  byLayout,
  CELL_LISTS,
  CELL_NAMES,
  formsOf,
  homeTable,
  listColumn,
  ofParts,
  PART,
  readColumns,
  SHARED_HOME,
} from "../query/duckdb/homes.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { type Column, type ColumnStats, SYSTEM_COLUMNS } from "../schema/columns.ts";
import { formatDataset, PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import { catalogColumns } from "./columns.ts";
import type { KnownPartition } from "./tables.ts";

/** Columns of the rows' own in the view of all rows: those with most values. */
const MAX_SHOWN = 40;

const KEYS: readonly Column[] = PARTITION_COLUMNS.map((name) => ({ name, type: "VARCHAR" }));

/**
 * Makes the views for people in the database in use: `catalog` with all rows, and one of each dataset with all its
 * columns; only of those in `changed` where that is given. Gives the columns that `catalog` does not show.
 */
export async function createViews(
  database: Database,
  partitions: readonly KnownPartition[],
  changed: readonly PartitionKey[] | undefined,
): Promise<string[]> {
  const datasets = Map.groupBy(partitions, formatDataset);
  for (const name of new Set((changed ?? partitions).map(formatDataset))) {
    const own = datasets.get(name);
    if (own === undefined) await database.run(`DROP VIEW IF EXISTS ${quoteName(name)}`);
    else await database.run(`CREATE OR REPLACE VIEW ${quoteName(name)} AS ${datasetView(own)}`);
  }
  const { columns, leftOut } = shownColumns(partitions);
  await database.run(`CREATE OR REPLACE VIEW catalog AS ${catalogView(partitions, columns)}`);
  return leftOut;
}

/** All columns of a dataset's partitions; where those differ, in the type in which they meet. One SELECT for each home. */
function datasetView(partitions: readonly KnownPartition[]): string {
  const columns = catalogColumns(partitions);
  const homes = Map.groupBy(partitions, ({ home }) => home);
  const selects = Array.from(homes, ([home, group]) => {
    const where = `WHERE ${ofParts(group)}`;
    if (byLayout(group).length > 1) return `${sharedRows(group, columns)} ${where}`;
    return `SELECT ${readColumns(group, [...KEYS, ...columns]).join(", ")} FROM ${homeTable(home)} ${where}`;
  });
  return selects.join("\nUNION ALL\n");
}

function shownColumns(partitions: readonly KnownPartition[]): { columns: ColumnStats[]; leftOut: string[] } {
  const all = catalogColumns(partitions);
  const system = new Set<string>(SYSTEM_COLUMNS.map(({ name }) => name));
  const own = all.filter(({ name }) => !system.has(name));
  const shown = new Set([...own].sort((a, b) => a.nulls - b.nulls).slice(0, MAX_SHOWN));
  const columns = all.filter((column) => system.has(column.name) || shown.has(column));
  return { columns, leftOut: own.filter((column) => !shown.has(column)).map(({ name }) => name) };
}

/** One SELECT for each home, whatever the number of partitions. */
function catalogView(partitions: readonly KnownPartition[], columns: readonly Column[]): string {
  const homes = Map.groupBy(partitions, ({ home }) => home);
  const selects = Array.from(homes, ([home, group]) => {
    if (home === SHARED_HOME) return sharedRows(group, columns);
    return `SELECT ${readColumns(group, [...KEYS, ...columns]).join(", ")} FROM ${homeTable(home)}`;
  });
  if (selects.length > 0) return selects.join("\nUNION ALL\n");
  const none = KEYS.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${name}`);
  return `SELECT ${none.join(", ")} WHERE false`;
}

/** Of rows whose partitions each have cells of their own; names in `@` are none of a column. */
function sharedRows(group: readonly KnownPartition[], columns: readonly Column[]): string {
  const forms = formsOf({ home: SHARED_HOME, columns: [] });
  const inLists = CELL_NAMES.map((list) => ({
    list,
    names: new Set(group.flatMap(({ cells }) => cells[list])),
  }));
  const owners = new Map<string, Owner[]>();
  for (const { part, rows, columns: own, cells } of group) {
    const texts = new Set(cells.texts);
    for (const { name, type, nulls } of own) {
      if (nulls === rows || !texts.has(name)) continue;
      const known = owners.get(name);
      if (known) known.push({ part, type });
      else owners.set(name, [{ part, type }]);
    }
  }
  const system = new Map<string, string>(SYSTEM_COLUMNS.map(({ name, type }) => [name, type]));
  const shown = columns.map(({ name, type }) => {
    const quoted = quoteName(name);
    const values: string[] = [];
    const own = system.get(name);
    if (own !== undefined) {
      const value = forms.get(name)?.decode ?? quoted;
      values.push(own === type ? value : `CAST(${value} AS ${type})`);
    }
    for (const { list, names } of inLists) {
      if (!names.has(name)) continue;
      const value = `${listColumn(list)}[list_position("@names".${list}, ${quoteText(name)})]`;
      const plain = type === CELL_LISTS[list] ? value : `CAST(${value} AS ${type})`;
      const others = list === "texts" ? throughOwnType(owners.get(name) ?? [], value, type) : [];
      values.push(others.length > 0 ? `CASE ${others.join(" ")} ELSE ${plain} END` : plain);
    }
    if (values.length === 0) return `CAST(NULL AS ${type}) AS ${quoted}`;
    return `${values.length === 1 ? values[0] : `coalesce(${values.join(", ")})`} AS ${quoted}`;
  });
  return `SELECT ${[...PARTITION_COLUMNS, ...shown].join(", ")} FROM ${homeTable(SHARED_HOME)}
    JOIN (SELECT part AS "@of", cells AS "@names" FROM partitions) ON "@of" = ${PART}`;
}

/** A partition with values in a column, and the type that it has there. */
type Owner = Pick<KnownPartition, "part"> & Pick<Column, "type">;

/**
 * The values of a column in partitions of whose text a cast to the view's type does not make them: where it is packed, and
 * where the value in its own type is another (FLOAT 0.1 is no DOUBLE 0.1), and of lists beside text.
 */
function throughOwnType(owners: readonly Owner[], value: string, type: string): string[] {
  const byType = Map.groupBy(owners, (owner) => owner.type);
  return Array.from(byType).flatMap(([held, own]) => {
    const isDirect = held === type || (type === "VARCHAR" && !isJsonIn(held, type));
    if (isDirect && !isPackedType(held)) return [];
    const read = cellValue(held, value);
    return `WHEN ${ofParts(own)} THEN ${castValue(read, held, type)}`;
  });
}
