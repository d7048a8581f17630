import { AppError, throwIfCancelled } from "../errors.ts";
import { exists } from "../lake/files.ts";
import { listPartitions } from "../lake/manifests.ts";
import { interruptible } from "../query/database.ts";
import { indexRows } from "../query/search-index/build.ts";
import { deleteRanges, findRanges, readRanges } from "../query/search-index/ranges.ts";
import { createIndexTables, dropIndexTables, indexPostings } from "../query/search-index/tables.ts";
import { quoteText } from "../query/sql.ts";
import { formatPartition } from "../schema/partition.ts";
import { type Build, confirmLease } from "./build.ts";
import { planColumns } from "./columns.ts";
import { deleteRows } from "./load.ts";
import { loadPartitions } from "./load-partitions.ts";
import { isTidy, tidyPartition } from "./metadata.ts";
import { changedFolders, emptied, observePartitions, statFolders } from "./observe.ts";
import { publishedAttempt, readPublished } from "./open.ts";
import { decideOutcome, UNKNOWN_MTIME } from "./outcome.ts";
import { planRefresh } from "./plan.ts";
import { previousGenerations, publishFile, sweepPublished } from "./publish.ts";
import {
  CATALOG_FORMAT,
  createTables,
  deleteKnown,
  insertKnown,
  STORAGE_VERSION,
  writeHead,
} from "./tables.ts";
import { holdRowGroups, isVacuumDue } from "./vacuum.ts";

/** A refresh as named steps, each timed in the log. */
export const BUILD_STEPS = [
  ["look", lookAtPublished],
  ["observe", observe],
  ["prepare", prepareFile],
  ["load", load],
  ["merge", merge],
  ["index", index],
  ["describe", describe],
  ["seal", seal],
  ["publish", publish],
  ["sweep", sweep],
] as const satisfies readonly (readonly [string, (build: Build) => Promise<void>])[];
export type BuildStep = (typeof BUILD_STEPS)[number][0];

/** What the published catalog holds. One that cannot be read is built anew. */
async function lookAtPublished(build: Build): Promise<void> {
  const { database, lake, logger } = build;
  try {
    build.published = await readPublished(database, lake);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "corrupt") throw error;
    logger.warn("the published catalog is built anew", { error });
  }
  build.full ||= build.published === undefined;
  const [newest = 0] = await previousGenerations(lake);
  build.generation =
    build.published?.head.generation ?? ((await exists(lake.layout.catalogFile)) ? newest + 1 : newest);
}

/** Stats every partition folder, looks into those that changed, and plans what to do about them. */
async function observe(build: Build): Promise<void> {
  const { lake, database, nowNs } = build;
  const present = await listPartitions(lake);
  build.folders = await statFolders(lake, present, nowNs);
  const known = build.full ? [] : (build.published?.partitions ?? []);
  const folders = build.full ? build.folders : changedFolders(known, build.folders, build.changed);
  const held = new Map(
    build.published?.partitions.map((partition) => [formatPartition(partition), partition]),
  );
  const observations = await observePartitions(database, lake, folders, held);
  for (const observation of observations) {
    const { key, found } = observation;
    if (found === undefined && held.has(formatPartition(key))) observation.found = emptied(lake, key);
    if (found === undefined || found instanceof Error) continue;
    if (!(await isTidied(build, found))) observation.folderMtime = UNKNOWN_MTIME;
  }
  const keys = build.folders.map((folder) => folder.key);
  build.plan = planRefresh(known, keys, observations);
  decideOutcome(build);
  const { loads, describes, removes } = build.plan;
  const isIndexRight = build.published?.hasIndex === build.wantsIndex;
  if (!build.full && isIndexRight && loads.length + describes.length + removes.length === 0) {
    build.upToDate = true;
    return;
  }
  if (build.full) return;
  const alterations = planColumns(build.published?.columns ?? [], known, build.columns);
  if (alterations) build.alterations = alterations;
  else {
    build.full = true;
    await observe(build);
  }
}

/** Brings a partition's folder in line; false where dead files are left, as while somebody reads them. */
async function isTidied(
  { database, lake, logger }: Build,
  state: Parameters<typeof isTidy>[1],
): Promise<boolean> {
  try {
    if (await isTidy(lake, state)) return true;
    return (await tidyPartition(database, lake, state.key))?.deadFiles.length === 0;
  } catch (error) {
    // A refresh may run where partitions cannot be written; the rows are right all the same.
    logger.warn("partition not tidied", { partition: formatPartition(state.key), error });
    return true;
  }
}

/** Makes the work file: empty with its tables, or a copy of the published one with its columns brought up to date. */
async function prepareFile(build: Build): Promise<void> {
  const { database, scratch, published, full } = build;
  if (full || !published) await scratch.clear();
  else await scratch.take(published.identity);
  const version = full ? ` (STORAGE_VERSION ${quoteText(STORAGE_VERSION)})` : "";
  await database.run(`ATTACH ${quoteText(scratch.work)} AS work${version}`);
  await database.run("USE work");
  if (full) await createTables(database, build.columns);
  else await database.run("SET wal_autocheckpoint = '1TB'"); // the one checkpoint is that of `seal`
  for (const sql of build.alterations) await interruptible(database, build.signal, () => database.run(sql));
  const [last] = await database.rows<{ row: number | null }>("SELECT max(rowid) AS row FROM catalog");
  build.firstNewRow = (last?.row ?? -1) + 1;
}

/** Deletes the rows of partitions that are gone, loads new ones. */
async function load(build: Build): Promise<void> {
  const { database, signal, plan, full } = build;
  await interruptible(database, signal, async () => {
    if (!full) await deleteRows(database, plan.removes);
    await loadPartitions(build);
  });
}

/**
 * Merges row groups where that is due: rows get other rowids then, so it comes before the search index. In a full build
 * nothing is deleted, and rows keep theirs.
 */
async function merge(build: Build): Promise<void> {
  const { database, full, signal } = build;
  const rows = countRows(build);
  const merged = build.published?.head.merged_generation ?? 0;
  build.vacuum = full || (await isVacuumDue(database, "work", rows, build.generation + 1 - merged));
  if (build.vacuum && !full) await interruptible(database, signal, () => database.run("CHECKPOINT work"));
}

/** Brings the search index in line: all of it anew, or the rows that this refresh added; none where it is off. */
async function index(build: Build): Promise<void> {
  const { database, columns, partitions, plan, signal, firstNewRow } = build;
  const known = build.vacuum || !build.wantsIndex ? undefined : await readRanges(database);
  if (known === undefined) await dropIndexTables(database);
  if (!build.wantsIndex) return;
  await createIndexTables(database);
  if (known !== undefined) {
    const replaced = plan.loads.filter(({ rowStart }) => rowStart === 0).map(({ state }) => state.key);
    await deleteRanges(database, [...replaced, ...plan.removes]);
  }
  const ranges = await findRanges(database, known === undefined ? 0 : firstNewRow);
  await interruptible(database, signal, async () => {
    await indexRows(database, { columns, ranges, partitions }, signal);
    await indexPostings(database);
  });
}

function countRows({ partitions }: Build): number {
  return Array.from(partitions.values()).reduce((sum, partition) => sum + partition.rows, 0);
}

/** Writes the tables `partitions` and `lake`, and compares them with the rows that are there. */
async function describe(build: Build): Promise<void> {
  const { database, full, lake } = build;
  build.generation++;
  const before = new Map(full ? [] : build.published?.partitions.map((row) => [formatPartition(row), row]));
  const after = Array.from(build.partitions.values());
  const changed = after.filter((row) => before.get(formatPartition(row)) !== row);
  const gone = Array.from(before.values()).filter((row) => !build.partitions.has(formatPartition(row)));
  const rows = countRows(build);
  const merged = build.published?.head.merged_generation ?? 0;
  if (!build.vacuum) build.releaseRowGroups = await holdRowGroups(database, "work");
  await database.run("BEGIN");
  await deleteKnown(database, full ? [] : [...changed, ...gone]);
  await insertKnown(database, changed);
  await writeHead(database, {
    format: CATALOG_FORMAT,
    generation: build.generation,
    built_at: new Date().toISOString(),
    merged_generation: build.vacuum ? build.generation : merged,
    attempt: build.attempt,
  });
  await database.run("COMMIT");
  const [counted] = await database.rows<{ rows: number }>("SELECT count(*) AS rows FROM catalog");
  if (counted?.rows !== rows) {
    throw new AppError(
      "corrupt",
      `the new catalog of ${lake.root} holds ${counted?.rows} rows where its partitions have ${rows}; run \`datalake catalog rebuild --full\``,
    );
  }
}

/** Writes all into the one file and closes it. */
async function seal(build: Build): Promise<void> {
  const { database, signal } = build;
  await interruptible(database, signal, () => database.run("CHECKPOINT work"));
  build.releaseRowGroups();
  await database.run("USE memory");
  await database.run("DETACH work");
}

async function publish(build: Build): Promise<void> {
  const { lake, scratch, published, database, attempt } = build;
  await publishFile(lake, scratch.work, published?.head.generation, {
    beforeRename: async () => {
      throwIfCancelled(build.signal);
      await confirmLease(build);
    },
    isOurs: async () => (await publishedAttempt(database, lake)) === attempt,
  });
  await scratch.keep(attempt);
}

async function sweep({ lake }: Build): Promise<void> {
  await sweepPublished(lake);
}
