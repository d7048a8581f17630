import { AppError, throwIfCancelled } from "../errors.ts";
import { exists } from "../lake/files.ts";
import { listPartitions } from "../lake/manifests.ts";
import { interruptible } from "../query/database.ts";
import { WHOLE } from "../query/duckdb/catalog-file.ts";
import { CATALOG_FORMAT } from "../query/duckdb/homes.ts";
import { indexRows, planIndex } from "../query/search-index/build.ts";
import { forgetRanges, missingRanges } from "../query/search-index/ranges.ts";
import { createIndexTables, dropIndexTables, indexPostings } from "../query/search-index/tables.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatPartition } from "../schema/partition.ts";
import { type Build, confirmLease } from "./build.ts";
import { countHeld, deleteRows, dropRowNumbers, dropUnused, indexRowNumbers } from "./home-tables.ts";
import { openHouses } from "./houses.ts";
import { createLeftOut, giveUp, giveUpTried, leftOutOf, writeLeftOut } from "./left-out.ts";
import { loadPartitions } from "./load-partitions.ts";
import { isTidy, tidyPartition } from "./metadata.ts";
import { changedFolders, emptied, observePartitions, statFolders } from "./observe.ts";
import { attemptOf, readPublished, readWhole } from "./open.ts";
import { decideOutcome, UNKNOWN_MTIME } from "./outcome.ts";
import { planRefresh } from "./plan.ts";
import { previousGenerations, publishFile, sweepPublished } from "./publish.ts";
import { isForRecent, prepareRecent, removeRecent, uniteHomes } from "./recent.ts";
import { openScratch } from "./scratch.ts";
import {
  createTables,
  deleteKnown,
  insertKnown,
  type KnownPartition,
  NEW_FILE,
  ROW_GROUP_ROWS,
  writeHead,
} from "./tables.ts";
import { holdRowGroups, isVacuumDue } from "./vacuum.ts";
import { createViews } from "./views.ts";

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

/** Contents of the published catalog. One that cannot be read is built anew. */
async function lookAtPublished(build: Build): Promise<void> {
  const { database, lake, logger } = build;
  const { catalogFile, recentFile } = lake.layout;
  for (const read of [readPublished, readWhole]) {
    try {
      build.published = await read(database, lake);
      break;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== "corrupt") throw error;
      logger.warn("the published catalog is rebuilt", { error });
      if (!(await exists(recentFile))) break;
      build.endsRecent = true; // that one may be damaged, and the large one whole
    }
  }
  build.full ||= build.published === undefined;
  const [newest = 0] = await previousGenerations(lake);
  build.generation = build.published?.head.generation ?? ((await exists(catalogFile)) ? newest + 1 : newest);
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
  build.houses = openHouses(named(known));
  if (!build.full) giveUpTried(build.plan, build.published?.leftOut ?? [], build.most);
  giveUp(build.plan, ({ state }) => build.leaveOut.get(formatPartition(state.key)));
  decideOutcome(build);
  build.isRecent = await isForRecent(build);
  const hasRecent = build.published?.recent !== undefined;
  if (isUpToDate(build) && (build.isRecent || !hasRecent)) {
    build.upToDate = true;
    return;
  }
  if (build.isRecent) {
    build.scratch = await openScratch(lake, build.scratchFolder, lake.layout.recentFile);
    return;
  }
  const isAnew = !build.full && isOverdue(build);
  build.full ||= isAnew;
  if (!isAnew && !hasRecent) return;
  // What the large file lacks is loaded into it: it is planned by what that one holds.
  if (hasRecent) await lookAtWhole(build);
  await observe(build);
}

async function lookAtWhole(build: Build): Promise<void> {
  build.published = await readWhole(build.database, build.lake);
  build.endsRecent = true;
  // Generations of small files added nothing to the large one that is to be merged.
  const { head } = build.published ?? {};
  if (head) head.merged_generation += build.generation - head.generation;
}

/** Whether the published catalog is what the plan would make. */
function isUpToDate({ full, plan, published, wantsIndex, endsRecent }: Build): boolean {
  const { loads, describes, removes } = plan;
  if (endsRecent || full || published?.hasIndex !== wantsIndex) return false;
  if (loads.length + describes.length + removes.length > 0) return false;
  return Bun.deepEquals(leftOutOf(plan), published.leftOut);
}

const named = (known: readonly KnownPartition[]) =>
  known.map((partition) => ({ ...partition, name: formatPartition(partition) }));

/** What a search takes for each row grows with the numbers that rows have had, which only a full build begins anew. */
const MAX_NUMBERS_SHARE = 4;
const MANY_NUMBERS = 10_000_000;
const MAX_NUMBER = 2 ** 31 - 1;

function isOverdue(build: Build): boolean {
  const numbers = build.published?.head.next_row ?? 0;
  const rows = countRows(build);
  return numbers + rows > MAX_NUMBER || numbers > MANY_NUMBERS + MAX_NUMBERS_SHARE * rows;
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

/** Makes the work file: empty with its tables, or a copy of the published one. */
async function prepareFile(build: Build): Promise<void> {
  const { database, scratch, published, full } = build;
  build.nextRow = full ? 0 : (published?.head.next_row ?? 0);
  if (build.isRecent && published) return prepareRecent(build, published);
  if (full || !published) await scratch.clear();
  else await scratch.take(published.identity);
  const made = full ? `, ${NEW_FILE}` : "";
  await database.run(`ATTACH ${quoteText(scratch.work)} AS work (ROW_GROUP_SIZE ${ROW_GROUP_ROWS}${made})`);
  await database.run("USE work");
  // The one checkpoint is that of `seal`, but where memory is short: each frees what was loaded.
  if (!full || !build.apart) await database.run("SET wal_autocheckpoint = '1TB'");
  await createTables(database, { isNew: full });
  await createLeftOut(database);
}

/** Deletes the rows of partitions that are gone, loads new ones. */
async function load(build: Build): Promise<void> {
  const { database, signal, plan, full, published } = build;
  await interruptible(database, signal, async () => {
    if (!full) {
      const names = new Set(plan.removes.map(formatPartition));
      const gone = published?.partitions.filter((partition) => names.has(formatPartition(partition))) ?? [];
      await deleteRows(database, gone);
    }
    if (build.isRecent) return loadPartitions(build);
    await loadPartitions(build);
    // What could not be read before was looked at again, and cannot be read now.
    build.upToDate = isUpToDate(build);
    if (build.upToDate) return;
    await dropUnused(database, new Set(Array.from(build.partitions.values(), ({ home }) => home)));
  });
}

/** Merges row groups where that is due, which tables with an index on numbers do not allow. */
async function merge(build: Build): Promise<void> {
  const { database, full, signal } = build;
  if (build.isRecent) return;
  const rows = countRows(build);
  const merged = build.published?.head.merged_generation ?? 0;
  build.vacuum = full || (await isVacuumDue(database, "work", rows, build.generation + 1 - merged));
  if (!build.vacuum || full) return;
  await interruptible(database, signal, async () => {
    await dropRowNumbers(database);
    await database.run("CHECKPOINT work");
  });
}

/**
 * Brings the search index in line: the rows that it does not know, or all of them anew where row groups were merged, for
 * what it knows of deleted rows goes only so; none where it is off. And lets rows be found by number.
 */
async function index(build: Build): Promise<void> {
  if (build.isRecent) return; // searches read the recent rows
  const { database, partitions, signal } = build;
  const housed = new Map(Array.from(partitions.values(), (partition) => [partition.part, partition]));
  const rowsOf = new Map<number, number>();
  for (const { home, rows } of partitions.values()) rowsOf.set(home, (rowsOf.get(home) ?? 0) + rows);
  await interruptible(database, signal, async () => {
    await indexRowNumbers(database, rowsOf);
    if ((build.vacuum && !build.full) || !build.wantsIndex) await dropIndexTables(database);
    if (!build.wantsIndex) return;
    await createIndexTables(database);
    await forgetRanges(database);
    const ranges = await missingRanges(database);
    await indexRows(database, planIndex(ranges, housed), signal);
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
  if (build.isRecent) await uniteHomes(database);
  const hasViews = !full && (!build.isRecent || build.published?.recent !== undefined);
  const leftOut = await createViews(database, after, hasViews ? [...changed, ...gone] : undefined);
  // Of a full build too: threads leave short row groups, and to merge them writes most rows twice and leaves holes.
  const isHeld = (full || !build.vacuum) && !build.isRecent;
  if (isHeld) build.releaseRowGroups = await holdRowGroups(database, "work");
  await database.run("BEGIN");
  await deleteKnown(database, full ? [] : [...changed, ...gone]);
  await insertKnown(database, changed);
  await writeLeftOut(database, leftOutOf(build.plan));
  await writeHead(database, {
    format: CATALOG_FORMAT,
    generation: build.generation,
    built_at: new Date().toISOString(),
    merged_generation: build.vacuum ? build.generation : merged,
    attempt: build.attempt,
    next_row: build.nextRow,
    columns_left_out: leftOut,
  });
  await database.run("COMMIT");
  const counted = await countHeld(database);
  if (counted !== rows) {
    throw new AppError(
      "corrupt",
      `the new catalog of ${lake.root} has ${counted} rows, but its partitions have ${rows}; run \`datalake catalog rebuild --full\``,
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
  if (build.isRecent) await database.run(`DETACH ${quoteName(WHOLE)}`);
}

async function publish(build: Build): Promise<void> {
  const { lake, scratch, published, database, attempt, isRecent } = build;
  const place = isRecent ? lake.layout.recentFile : lake.layout.catalogFile;
  const previous = isRecent ? undefined : published?.head.generation;
  await publishFile(lake, scratch.work, place, previous, {
    beforeRename: async () => {
      throwIfCancelled(build.signal);
      await confirmLease(build);
    },
    isOurs: async () => (await attemptOf(database, place)) === attempt,
  });
  await scratch.keep(attempt);
}

async function sweep(build: Build): Promise<void> {
  if (!build.isRecent) await removeRecent(build);
  await sweepPublished(build.lake);
}
