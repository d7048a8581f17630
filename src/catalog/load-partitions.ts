import { AppError, throwIfCancelled } from "../errors.ts";
import type { HousedPartition } from "../query/duckdb/homes.ts";
import { isFailedCommit, isOutOfMemory, retryWithLessMemory } from "../query/less-memory.ts";
import { WIDE_COLUMNS } from "../query/wide-columns.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import { type Build, StartOver } from "./build.ts";
import { carryOver } from "./carry-over.ts";
import { isSameFile } from "./footer.ts";
import { deleteRows } from "./home-tables.ts";
import { indexFiles } from "./index-files.ts";
import { describeTry, giveUp } from "./left-out.ts";
import { findDamage, type LoadTarget, loadRows } from "./load.ts";
import { observePartitions, statFolders } from "./observe.ts";
import { decideOutcome } from "./outcome.ts";
import { type Load, planRefresh } from "./plan.ts";

const ROUNDS = 5;

/**
 * Loads what the plan says into the tables of rows. A partition that changed while it was read is read again, one whose
 * files are damaged, or which does not fit into the memory, moves to the plan's failures and keeps the rows that the
 * published catalog has of it.
 */
export async function loadPartitions(build: Build): Promise<void> {
  const wereFailures = new Set(build.plan.failures.map(({ key }) => formatPartition(key)));
  let loads = build.plan.loads;
  for (let round = 0; ; round++) {
    const unloaded = await insertLoads(build, loads);
    const stale = await findStale(loads);
    for (const { load, error } of unloaded) {
      if (stale.includes(load)) continue;
      // Nobody else's rows wait for one that does not fit; for a full disk all do.
      const reason = doesNotFit(error)
        ? tooLarge(build, load.state)
        : ((await findDamage(build.database, load.state.files)) ?? doesNotMeet(error, load.state));
      if (!reason) throw error;
      // What could not be read is looked at each time: it may be mended without another size or time.
      const tried = reason.code === "corrupt" ? "" : describeTry(load.state, build.most);
      giveUp(build.plan, (other) => (other === load ? { error: reason, tried } : undefined));
    }
    if (stale.length === 0) break;
    if (build.isRecent) throw busy(stale);
    if (round === ROUNDS) throw busy(stale);
    loads = await reloadPlan(build, stale);
  }
  decideOutcome(build);
  const { failures } = build.plan;
  const lost = failures.filter(({ key }) => build.full || !wereFailures.has(formatPartition(key)));
  const keys = lost.map(({ key }) => key);
  for (const { key, error } of await carryOver(build, keys, doesNotFit)) {
    noteFailure(build, error);
    if (build.isTainted && !build.apart) throw new StartOver([], error);
    for (const failure of failures) if (failure.key === key) failure.isLost = true;
  }
  if (build.isTainted) throw new StartOver(failures, undefined);
  if (failures.some(({ isLost }) => isLost)) decideOutcome(build);
}

function noteFailure(build: Build, error: unknown): void {
  throwIfCancelled(build.signal);
  build.isTainted ||= isFailedCommit(error);
}

/** All at once; when that fails, one by one. Gives those that could not be loaded: nothing of them changed. */
async function insertLoads(build: Build, loads: readonly Load[]): Promise<{ load: Load; error: unknown }[]> {
  const target = loadTarget(build);
  if (build.isRecent) {
    await loadRows(target, loads);
    build.nextRow = target.nextRow;
    return [];
  }
  if (!build.apart) {
    try {
      await loadRows(withIndex(build, target), loads);
      return [];
    } catch (error) {
      noteFailure(build, error);
      if (build.isTainted) throw new StartOver([], error);
    } finally {
      build.nextRow = target.nextRow;
      delete target.index; // one by one, for the sake of memory
    }
  }
  const unloaded: { load: Load; error: unknown }[] = [];
  for (const load of loads) {
    try {
      await loadAlone(build, target, load);
    } catch (error) {
      noteFailure(build, error);
      if (build.isTainted && !build.apart) throw new StartOver([], error);
      unloaded.push({ load, error });
    } finally {
      build.nextRow = target.nextRow;
    }
  }
  return unloaded;
}

/** Rows of thousands of texts fit only few at a time, and then take two or three times as long. */
const STEP_ROWS = 512;

async function loadAlone({ database }: Build, target: LoadTarget, load: Load): Promise<void> {
  try {
    await retryWithLessMemory(database, () => loadRows(target, [load]));
  } catch (error) {
    const isWide = load.state.columns.length > WIDE_COLUMNS;
    if (!isWide || !doesNotFit(error) || isFailedCommit(error)) throw error;
    await retryWithLessMemory(database, () => loadRows(target, [load], STEP_ROWS));
  }
}

function loadTarget({ database, partitions, published, full, nextRow }: Build): LoadTarget {
  const held = new Map(
    full ? [] : published?.partitions.map((partition) => [formatPartition(partition), partition]),
  );
  return {
    database,
    nextRow,
    heldOf: (key) => held.get(formatPartition(key)),
    partitionOf: (key) => housed(partitions, key),
  };
}

/** A full build makes the index while it loads. */
function withIndex({ database, full, wantsIndex, signal }: Build, target: LoadTarget): LoadTarget {
  if (full && wantsIndex) target.index = (inserts) => indexFiles(database, inserts, signal);
  return target;
}

function housed(partitions: Build["partitions"], key: PartitionKey): HousedPartition {
  const partition = partitions.get(formatPartition(key));
  if (partition === undefined) throw new AppError("internal", `${formatPartition(key)} has no home`);
  return partition;
}

/** Those of whose files one is not the file any more that was described: what was loaded may be a mix. */
async function findStale(loads: readonly Load[]): Promise<Load[]> {
  const stale: Load[] = [];
  for (const load of loads) {
    const same = await Promise.all(load.state.files.map(({ path, identity }) => isSameFile(path, identity)));
    if (same.includes(false)) stale.push(load);
  }
  return stale;
}

/** That there is too little memory; for a full disk under the spilled rows the engine says nearly the same. */
export function doesNotFit(error: unknown): boolean {
  return isOutOfMemory(error) && !(error as Error).message.includes("max_temp_directory_size");
}

function tooLarge({ most: { memory } }: Build, state: Load["state"]): AppError {
  const partition = formatPartition(state.key);
  return new AppError(
    "too_large",
    `${partition} (${state.rows} rows of ${state.columns.length} columns) does not fit into the memory of a catalog build, ${memory}; set database.memory higher and run \`datalake catalog rebuild\``,
    { details: { partition, key: "database.memory" } },
  );
}

/** For a value that is in one of the files and not in the type in which they meet; undefined for other errors. */
function doesNotMeet(error: unknown, state: Load["state"]): AppError | undefined {
  const [, said] = /^Conversion Error: ([^\n]+)/.exec(error instanceof Error ? error.message : "") ?? [];
  if (said === undefined) return undefined;
  const partition = formatPartition(state.key);
  return new AppError(
    "type_mismatch",
    `${partition} has a value that does not fit into the type in which its uploads meet (${said}); replace it with --mode replace`,
    { details: { partition }, cause: error },
  );
}

/** Takes stale partitions out of the tables and plans them anew. Gives the loads that bring them back. */
async function reloadPlan(build: Build, stale: readonly Load[]): Promise<Load[]> {
  const { database, lake, plan } = build;
  const keys = stale.map((load) => load.state.key);
  // Of one that was not loaded the rows are where they were.
  const { heldOf, partitionOf } = loadTarget(build);
  await deleteRows(
    database,
    keys.flatMap((key) => [heldOf(key) ?? [], partitionOf(key)].flat()),
  );
  const folders = await statFolders(lake, keys, build.nowNs);
  const again = planRefresh([], keys, await observePartitions(database, lake, folders));
  plan.loads = [...plan.loads.filter((load) => !stale.includes(load)), ...again.loads];
  plan.failures.push(...again.failures);
  const found = new Set([
    ...again.loads.map(({ state }) => state.key),
    ...again.failures.map(({ key }) => key),
  ]);
  plan.removes.push(...keys.filter((key) => !found.has(key)));
  decideOutcome(build);
  return again.loads;
}

function busy(stale: readonly Load[]): AppError {
  const names = stale.map((load) => formatPartition(load.state.key)).join(", ");
  return new AppError("conflict", `${names} changed again and again while the catalog was built; try again`);
}
