import { stat } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { isMissing } from "../../lake/files.ts";
import { formatPartition } from "../../schema/partition.ts";
import type { Database } from "../database.ts";
import type { LabelSql } from "../row-filters.ts";
import { quoteList, quoteText } from "../sql.ts";
import type { LocatedCatalog, StoredPartition } from "./described.ts";

/**
 * What the label of each row holds, by the view of its task: counted once by the operation `statistics`, a Parquet file a
 * partition with a row for each of its rows, in stored order. An instance loads a file into a table of its own memory
 * when it is first asked for.
 */
export interface LabelFacts {
  /** The file of a partition; it may not be there yet. Undefined where no view says what labels mean. */
  fileOf(partition: StoredPartition): string | undefined;
}

/** Columns of a file. Regions are NULL where a row has no label that can be read; lists are JSON. */
export const FACT_COLUMNS = {
  regions: "INTEGER",
  characters: "INTEGER",
  words: "INTEGER",
  categories: "VARCHAR",
  scripts: "VARCHAR",
} as const;

/** In the instance's own memory; categories and scripts are numbers of `LABEL_SETS`. */
export const LABEL_ROWS = "memory.main.label_rows";
/** Every list of names that a label has: `id`, `names`. */
export const LABEL_SETS = "memory.main.label_sets";

/** As they are called beside columns of rows. */
export const LABEL_NAMES = {
  "label.regions": '"@regions"',
  "label.characters": '"@characters"',
  "label.category": '"@categories"',
  "label.script": '"@scripts"',
} as const;

export const LABEL_SQL: LabelSql = {
  measure: (name) => LABEL_NAMES[name as keyof typeof LABEL_NAMES],
  holds: (name, values) =>
    `${LABEL_NAMES[name as keyof typeof LABEL_NAMES]} IN (SELECT id FROM ${LABEL_SETS} WHERE list_has_any(names, ${quoteList(values)}))`,
};

/** Partitions by what is known of their labels. */
export interface CountedLabels {
  counted: StoredPartition[];
  /** They have a view, and nobody has counted them as they are now. */
  uncounted: StoredPartition[];
  /** Another one where a view is another, or more is counted. */
  version: string;
}

/** Gives them by the views as they are now. */
export type OpenLabelFacts = () => Promise<LabelFacts>;

/** The file that an instance has loaded of each partition, by its number, and the loading under way: one at a time. */
const LOADED = new WeakMap<object, { files: Map<number, string>; last: Promise<void> }>();

/** Loads what is known of these partitions' labels into the instance. */
export async function loadLabels(
  database: Database,
  { fileOf }: LabelFacts,
  partitions: readonly StoredPartition[],
  catalog: LocatedCatalog,
): Promise<CountedLabels> {
  const state = LOADED.get(database.instance) ?? { files: new Map(), last: Promise.resolve() };
  LOADED.set(database.instance, state);
  const found: CountedLabels = { counted: [], uncounted: [], version: "" };
  const hasher = new Bun.CryptoHasher("sha256");
  const load = async () => {
    await database.run(`CREATE TABLE IF NOT EXISTS ${LABEL_ROWS}
      (n INTEGER, part INTEGER, regions INTEGER, characters INTEGER, words INTEGER, categories INTEGER, scripts INTEGER)`);
    await database.run(
      `CREATE TABLE IF NOT EXISTS ${LABEL_SETS} (id INTEGER, list VARCHAR, names VARCHAR[])`,
    );
    for (const partition of partitions) {
      const file = fileOf(partition);
      if (file === undefined) continue;
      const isLoaded = state.files.get(partition.part) === file;
      const isKnown = isLoaded || (await loadFile(database, partition, file, catalog));
      if (isKnown) state.files.set(partition.part, file);
      found[isKnown ? "counted" : "uncounted"].push(partition);
      hasher.update(`${file} ${isKnown}`);
    }
    found.version = hasher.digest("hex");
  };
  const loading = state.last.then(load);
  state.last = loading.catch(() => {});
  await loading;
  return found;
}

/** Throws `not_counted` naming a partition whose labels were not counted. */
export function requireCounted(uncounted: readonly StoredPartition[]): void {
  const [first] = uncounted;
  if (first === undefined) return;
  const rows = uncounted.reduce((sum, one) => sum + one.rows, 0);
  throw new AppError(
    "not_counted",
    `the labels of ${formatPartition(first)}${uncounted.length > 1 ? ` and ${uncounted.length - 1} more partitions` : ""} were not counted since they changed; count them on the page, or by \`datalake run statistics\``,
    { details: { partitions: uncounted.length, rows } },
  );
}

async function loadFile(
  database: Database,
  { part, rows }: StoredPartition,
  file: string,
  catalog: LocatedCatalog,
): Promise<boolean> {
  try {
    await stat(file);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
  const source = `read_parquet(${quoteText(file)}, file_row_number = true)`;
  const [size] = await database.rows<{ rows: number }>(`SELECT count(*) AS rows FROM ${source}`);
  if (size?.rows !== rows) return false;
  await database.run(`INSERT INTO ${LABEL_SETS}
    SELECT (SELECT coalesce(max(id), 0) FROM ${LABEL_SETS}) + row_number() OVER (), list, from_json(list, '["VARCHAR"]')
    FROM (SELECT DISTINCT unnest([categories, scripts]) AS list FROM ${source})
    WHERE list NOT IN (SELECT list FROM ${LABEL_SETS})`);
  await database.run(`DELETE FROM ${LABEL_ROWS} WHERE part = ${part}`); // by another view
  await database.run(`INSERT INTO ${LABEL_ROWS}
    SELECT ${numberSql(catalog, part)}, ${part}, regions, characters, words, c.id, s.id
    FROM ${source} AS f JOIN ${LABEL_SETS} c ON c.list = f.categories JOIN ${LABEL_SETS} s ON s.list = f.scripts`);
  return true;
}

/** SQL of a row's number by its place in the partition. */
function numberSql({ ranges }: LocatedCatalog, part: number): string {
  let before = 0;
  const cases: string[] = [];
  for (const { row_start: start, row_end: end } of ranges.get(part) ?? []) {
    const after = before + end - start;
    cases.push(`WHEN file_row_number < ${after} THEN file_row_number + ${start - before}`);
    before = after;
  }
  return `CASE ${cases.join(" ")} END`;
}
