import { AppError } from "../../errors.ts";
import { markUsed } from "../../lake/bound-folder.ts";
import { exists } from "../../lake/files.ts";
import type { View } from "../../schema/labels/view.ts";
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
  /** The file of a partition, which may not be there yet, and the view by which it is. Undefined where there is no view. */
  of(partition: StoredPartition): { file: string; view: View } | undefined;
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
  facts: LabelFacts,
  partitions: readonly StoredPartition[],
  catalog: LocatedCatalog,
): Promise<CountedLabels> {
  const state = LOADED.get(database.instance) ?? { files: new Map(), last: Promise.resolve() };
  LOADED.set(database.instance, state);
  const found: CountedLabels = { counted: [], uncounted: [], version: "" };
  const hasher = new Bun.CryptoHasher("sha256");
  const load = async () => {
    await makeTables(database);
    const wanted = partitions.flatMap((partition) => {
      const file = facts.of(partition)?.file;
      return file === undefined ? [] : [{ partition, file }];
    });
    const files = new Map(wanted.map(({ partition, file }) => [partition.part, file]));
    const isOther = ({ part }: StoredPartition) =>
      state.files.has(part) && state.files.get(part) !== files.get(part);
    await unload(database, partitions.filter(isOther), state.files);
    const unknown = wanted.filter(({ partition }) => !state.files.has(partition.part));
    for (let at = 0; at < unknown.length; at += FILES_AT_ONCE) {
      const loaded = await loadFiles(database, unknown.slice(at, at + FILES_AT_ONCE), catalog);
      for (const { partition, file } of loaded) state.files.set(partition.part, file);
    }
    for (const { partition, file } of wanted) {
      const isKnown = state.files.get(partition.part) === file;
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

interface FactsFile {
  partition: StoredPartition;
  file: string;
}

/** Files that one statement reads. */
const FILES_AT_ONCE = 200;

async function makeTables(database: Database): Promise<void> {
  await database.run(`CREATE TABLE IF NOT EXISTS ${LABEL_ROWS}
    (n INTEGER, part INTEGER, regions INTEGER, characters INTEGER, words INTEGER, categories INTEGER, scripts INTEGER)`);
  await database.run(`CREATE TABLE IF NOT EXISTS ${LABEL_SETS} (id INTEGER, list VARCHAR, names VARCHAR[])`);
}

/** Forgets what was counted by views that are no longer those of the partitions. */
async function unload(
  database: Database,
  partitions: readonly StoredPartition[],
  files: Map<number, string>,
): Promise<void> {
  if (partitions.length === 0) return;
  const parts = partitions.map(({ part }) => part);
  await database.run(`DELETE FROM ${LABEL_ROWS} WHERE part IN (${parts.join(", ")})`);
  for (const part of parts) files.delete(part);
}

/** Loads those files that are there and have a row for each of their partition's; gives them. */
async function loadFiles(
  database: Database,
  wanted: readonly FactsFile[],
  catalog: LocatedCatalog,
): Promise<FactsFile[]> {
  const isThere = await Promise.all(wanted.map(({ file }) => exists(file)));
  const present = wanted.filter((_, at) => isThere[at]);
  if (present.length === 0) return [];
  const rowsOf = await readSizes(
    database,
    present.map(({ file }) => file),
  );
  const whole = present.filter(({ file, partition }) => rowsOf.get(file) === partition.rows);
  if (whole.length === 0) return [];
  await Promise.all(whole.map(({ file }) => markUsed(file)));
  const source = `read_parquet(${quoteList(whole.map(({ file }) => file))}, filename = true, file_row_number = true)`;
  await database.run(`INSERT INTO ${LABEL_SETS}
    SELECT (SELECT coalesce(max(id), 0) FROM ${LABEL_SETS}) + row_number() OVER (), list, from_json(list, '["VARCHAR"]')
    FROM (SELECT DISTINCT unnest([categories, scripts]) AS list FROM ${source})
    WHERE list NOT IN (SELECT list FROM ${LABEL_SETS})`);
  await database.run(`INSERT INTO ${LABEL_ROWS}
    SELECT r.shift + file_row_number, r.part, regions, characters, words, c.id, s.id
    FROM ${source} AS f
    JOIN (VALUES ${rangesOf(whole, catalog).join(", ")}) AS r(file, part, first, after, shift)
      ON f.filename = r.file AND file_row_number >= r.first AND file_row_number < r.after
    JOIN ${LABEL_SETS} c ON c.list = f.categories JOIN ${LABEL_SETS} s ON s.list = f.scripts`);
  return whole;
}

/** Rows of each file; one that cannot be read, as after a power cut, is as if it were not there. */
async function readSizes(database: Database, files: readonly string[]): Promise<Map<string, number>> {
  try {
    const sizes = await database.rows<{ file: string; rows: number }>(
      `SELECT file_name AS file, num_rows AS rows FROM parquet_file_metadata(${quoteList(files)})`,
    );
    return new Map(sizes.map(({ file, rows }) => [file, rows]));
  } catch {
    if (files.length === 1) return new Map();
    const each = await Promise.all(files.map((file) => readSizes(database, [file])));
    return new Map(each.flatMap((sizes) => [...sizes]));
  }
}

/** SQL of which places in a file are which numbers of rows: `shift` more. */
function rangesOf(files: readonly FactsFile[], { ranges }: LocatedCatalog): string[] {
  return files.flatMap(({ file, partition: { part } }) => {
    let before = 0;
    return (ranges.get(part) ?? []).map(({ row_start: start, row_end: end }) => {
      const [first, after] = [before, before + end - start];
      before = after;
      return `(${quoteText(file)}, ${part}, ${first}, ${after}, ${start - first})`;
    });
  });
}
