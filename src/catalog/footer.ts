import { constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import * as v from "valibot";
import { AppError, systemCode } from "../errors.ts";
import { isHeld, isMissing } from "../lake/files.ts";
import type { Database } from "../query/database.ts";
import { toNfc } from "../query/normal-form.ts";
import { quoteList, quoteName, quoteText } from "../query/sql.ts";
import { checkValue } from "../schema/check.ts";
import { type ColumnStats, type Features, FeaturesSchema } from "../schema/columns.ts";
import { type PartitionFileKey, PartitionFileKeySchema } from "../schema/metadata.ts";
import { isStandIn } from "../schema/open-types.ts";
import { parseType } from "../schema/type-tree.ts";

/** What the footer of a partition's Parquet file says. */
export interface Footer {
  path: string;
  key: PartitionFileKey;
  features: Features;
  bytes: number;
  /** Tells this very file from any that takes its name later: inode, size and mtime in ns. */
  identity: string;
}

export const FILE_KEY = "datalake";
export const FEATURES_KEY = "huggingface";

const FeaturesEntry = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ info: v.object({ features: FeaturesSchema }) }),
);

/**
 * Reads the footers of partition files with one query, in the order given. Throws `not_found` for a file that is gone
 * (look at the folder again) and `corrupt` naming a file that is truncated, foreign or says a wrong row count.
 */
export async function readFooters(database: Database, paths: readonly string[]): Promise<Footer[]> {
  if (paths.length === 0) return [];
  const identities = await Promise.all(paths.map(identifyFile));
  const known = knownEntries(database);
  const nameOf = (at: number) => `${paths[at]} ${identities[at]?.identity}`;
  const found = await queryFooters(
    database,
    paths.filter((_, at) => !known.has(nameOf(at))),
  );
  return paths.map((path, at) => {
    const { rows, entries } = known.get(nameOf(at)) ??
      found.get(path) ?? { rows: 0, entries: new Map<string, string>() };
    const key = parseKey(path, entries.get(FILE_KEY));
    if (rows !== key.rows) {
      throw corrupt(path, `has ${rows} rows, but its metadata says ${key.rows}`);
    }
    remember(known, nameOf(at), { rows, entries });
    const features = checkValue(FeaturesEntry, entries.get(FEATURES_KEY));
    const { bytes, identity } = identities[at] ?? { bytes: 0, identity: "" };
    return { path, key, features: features.success ? features.output.info.features : {}, bytes, identity };
  });
}

interface Entries {
  rows: number;
  entries: Map<string, string>;
}

/**
 * Footers that were read through a database before, by path and identity: partition files never change, and a job that
 * appends many small uploads would read those of a partition again with each.
 */
const KNOWN = new WeakMap<Database, Map<string, Entries>>();
const MAX_KNOWN = 256;

function knownEntries(database: Database): Map<string, Entries> {
  const known = KNOWN.get(database) ?? new Map();
  KNOWN.set(database, known);
  return known;
}

function remember(known: Map<string, Entries>, name: string, entries: Entries): void {
  known.delete(name);
  known.set(name, entries);
  const oldest = known.keys().next().value;
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
}

async function queryFooters(database: Database, paths: readonly string[]): Promise<Map<string, Entries>> {
  if (paths.length === 0) return new Map();
  const files = quoteList(paths);
  // Other entries are of other programs, and may be no text.
  const ours = `key IN (${[FILE_KEY, FEATURES_KEY].map((key) => `encode(${quoteText(key)})`).join(", ")})`;
  let rows: { file: string; rows: number; key: string | null; value: string | null }[];
  try {
    rows = await database.rows(
      `SELECT file_name AS file, num_rows AS rows, decode(key) AS key, decode(value) AS value
       FROM parquet_file_metadata(${files})
       LEFT JOIN (FROM parquet_kv_metadata(${files}) WHERE ${ours}) USING (file_name)`,
    );
  } catch (cause) {
    throw await explainFailure(database, paths, cause);
  }
  const found = new Map<string, Entries>();
  for (const row of rows) {
    const known = found.get(row.file) ?? { rows: row.rows, entries: new Map() };
    if (row.key !== null) known.entries.set(row.key, row.value ?? "");
    found.set(row.file, known);
  }
  return found;
}

/** Which file a query over several failed on: `not_found` when one is gone, `corrupt` naming the first unreadable. */
export async function explainFailure(
  database: Database,
  paths: readonly string[],
  cause: unknown,
): Promise<AppError> {
  if (cause instanceof AppError) return cause;
  for (const path of paths) await identifyFile(path);
  for (const path of paths) {
    try {
      await database.rows(`SELECT num_rows FROM parquet_file_metadata(${quoteText(path)})`);
    } catch (error) {
      if (systemCode(error) !== undefined) throw error;
      return corrupt(path, `cannot be read as Parquet (${firstLine(error)})`, error);
    }
  }
  return corrupt(paths.join(", "), `cannot be read (${firstLine(cause)})`, cause);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}

function corrupt(path: string, what: string, cause?: unknown): AppError {
  return new AppError("corrupt", `${path} ${what}; restore the file, or replace its partition`, {
    details: { path },
    cause,
  });
}

function parseKey(path: string, text: string | undefined): PartitionFileKey {
  if (text === undefined) throw corrupt(path, `has no ${FILE_KEY} entry in its metadata`);
  const result = checkValue(v.pipe(v.string(), v.parseJson(), PartitionFileKeySchema), text);
  if (result.success) return result.output;
  throw corrupt(path, `has an unreadable ${FILE_KEY} entry (${result.issues[0].message})`);
}

/** The length of the footer and `PAR1`, with which a Parquet file ends. */
const TAIL_BYTES = 8;

/** Whether the file that a fresh look finds at `path` is the one that this attempt wrote; none is not. */
export async function carriesAttempt(path: string, attempt: string): Promise<boolean> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY);
  } catch (error) {
    if (isMissing(error) || isHeld(error)) return false;
    throw error;
  }
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(TAIL_BYTES);
    if (size < TAIL_BYTES) return false;
    await handle.read(tail, 0, TAIL_BYTES, size - TAIL_BYTES);
    const length = tail.readUInt32LE(0);
    if (length > size - TAIL_BYTES) return false;
    const footer = Buffer.alloc(length);
    await handle.read(footer, 0, length, size - TAIL_BYTES - length);
    return footer.includes(attempt);
  } finally {
    await handle.close();
  }
}

/** Size and identity of a file; throws `not_found`. */
export async function identifyFile(path: string): Promise<{ bytes: number; identity: string }> {
  try {
    const info = await stat(path, { bigint: true });
    return { bytes: Number(info.size), identity: `${info.ino}:${info.size}:${info.mtimeNs}` };
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new AppError("not_found", `${path} has disappeared; try again`, { details: { path }, cause });
  }
}

/** True while `path` is still the file that had this identity. */
export async function isSameFile(path: string, identity: string): Promise<boolean> {
  try {
    return (await identifyFile(path)).identity === identity;
  } catch (error) {
    if (error instanceof AppError && error.code === "not_found") return false;
    throw error;
  }
}

/**
 * The columns of one Parquet file with their null counts: from the statistics of its row groups, and by one scan for
 * lists and structs, whose own nulls Parquet does not count, and for the Unicode form of texts. Of those said to be
 * open the ones are so whose lists hold no value.
 */
export async function measureColumns(
  database: Database,
  path: string,
  { open = [] }: Pick<PartitionFileKey, "open"> = {},
): Promise<ColumnStats[]> {
  const file = quoteText(path);
  const source = `read_parquet(${file}, hive_partitioning = false)`;
  const columns = await database.rows<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${source}`,
  );
  const statistics = await database.rows<{ name: string; nulls: number | null }>(
    `SELECT path_in_schema AS name, CASE WHEN count(*) = count(stats_null_count) THEN sum(stats_null_count)::BIGINT END AS nulls
     FROM parquet_metadata(${file}) GROUP BY path_in_schema`,
  );
  const known = new Map(statistics.map(({ name, nulls }) => [name, nulls]));
  const isFlat = (type: string) => parseType(type).kind === "scalar";
  const counted = columns.filter(
    (column) => !isFlat(column.column_type) || known.get(column.column_name) === null,
  );
  const texts = columns.filter((column) => column.column_type === "VARCHAR");
  const said = new Set(open);
  const lists = counted.filter(
    ({ column_name, column_type }) => said.has(column_name) && isStandIn(column_type),
  );
  const measures = [
    ...counted.map(({ column_name }, at) => `count(*) - count(${quoteName(column_name)}) AS n${at}`),
    ...texts.map(
      ({ column_name }, at) =>
        `bool_and(${toNfc(quoteName(column_name))} = ${quoteName(column_name)}) AS t${at}`,
    ),
    // A text is in quotes there, null is not.
    ...lists.map(
      ({ column_name }, at) =>
        `bool_or(contains(CAST(to_json(${quoteName(column_name)}) AS VARCHAR), '"')) AS l${at}`,
    ),
  ];
  const [row] =
    measures.length > 0 && known.size > 0
      ? await database.rows<Record<string, unknown>>(`SELECT ${measures.join(", ")} FROM ${source}`)
      : [];
  const scanned = new Map(counted.map(({ column_name }, at) => [column_name, row?.[`n${at}`]]));
  const normal = new Map(texts.map(({ column_name }, at) => [column_name, row?.[`t${at}`] ?? true]));
  const untyped = new Set(lists.filter((_, at) => row?.[`l${at}`] === false).map((one) => one.column_name));
  return columns.map(({ column_name: name, column_type: type }) => ({
    name,
    type,
    nulls: Number(scanned.get(name) ?? known.get(name) ?? 0),
    ...(normal.has(name) && { nfc: normal.get(name) === true }),
    ...(untyped.has(name) && { open: true }),
  }));
}
