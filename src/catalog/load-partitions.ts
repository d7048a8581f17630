import { AppError, throwIfCancelled } from "../errors.ts";
import { type HousedPartition, homeTable, PART, ROW, readColumns } from "../query/duckdb/homes.ts";
import { isOutOfMemory } from "../query/frugal.ts";
import { insertRanges } from "../query/search-index/ranges.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { Build } from "./build.ts";
import { isSameFile } from "./footer.ts";
import { createHome, deleteRows, insertSql } from "./home-tables.ts";
import { findDamage, type LoadTarget, loadRows } from "./load.ts";
import { observePartitions, statFolders } from "./observe.ts";
import { withPublished } from "./open.ts";
import { decideOutcome } from "./outcome.ts";
import { type Load, planRefresh } from "./plan.ts";
import type { KnownPartition } from "./tables.ts";

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
        ? tooLarge(build, load)
        : await findDamage(build.database, load.state.files);
      if (!reason) throw error;
      failLoad(build, load, reason);
    }
    if (stale.length === 0) break;
    if (round === ROUNDS) throw busy(stale);
    loads = await reloadPlan(build, stale);
  }
  decideOutcome(build);
  const lost = build.plan.failures.filter(({ key }) => build.full || !wereFailures.has(formatPartition(key)));
  await carryOver(
    build,
    lost.map(({ key }) => key),
  );
}

/** All at once; when that fails, one by one. Gives those that could not be loaded: nothing of them changed. */
async function insertLoads(build: Build, loads: readonly Load[]): Promise<{ load: Load; error: unknown }[]> {
  const { signal } = build;
  const target = loadTarget(build);
  try {
    await loadRows(target, loads);
    return [];
  } catch (error) {
    throwIfCancelled(signal);
    if (loads.length === 1 && loads[0]) return [{ load: loads[0], error }];
  } finally {
    build.nextRow = target.nextRow;
  }
  const unloaded: { load: Load; error: unknown }[] = [];
  for (const load of loads) {
    try {
      await loadRows(target, [load]);
    } catch (error) {
      throwIfCancelled(signal);
      unloaded.push({ load, error });
    } finally {
      build.nextRow = target.nextRow;
    }
  }
  return unloaded;
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

function tooLarge({ memory }: Build, { state }: Load): AppError {
  const partition = formatPartition(state.key);
  return new AppError(
    "too_large",
    `${partition} (${state.rows} rows of ${state.columns.length} columns) does not fit into the memory of a catalog build, ${memory}; set database.memory higher and run \`datalake catalog rebuild\``,
    { details: { partition, key: "database.memory" } },
  );
}

function failLoad(build: Build, load: Load, error: AppError): void {
  const { plan } = build;
  plan.loads = plan.loads.filter((other) => other !== load);
  plan.failures.push({ key: load.state.key, error });
}

/** Takes stale partitions out of the tables and plans them anew. Gives the loads that bring them back. */
async function reloadPlan(build: Build, stale: readonly Load[]): Promise<Load[]> {
  const { database, lake, plan, partitions } = build;
  const keys = stale.map((load) => load.state.key);
  await deleteRows(
    database,
    keys.map((key) => housed(partitions, key)),
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

/** Rows that the published catalog has of partitions which cannot be read now. */
async function carryOver(build: Build, keys: readonly PartitionKey[]): Promise<void> {
  const { database, lake, partitions, published, full } = build;
  const held = new Map(published?.partitions.map((partition) => [formatPartition(partition), partition]));
  const pairs = keys.flatMap((key) => {
    const [from, to] = [held.get(formatPartition(key)), partitions.get(formatPartition(key))];
    return from && to ? [{ from, to }] : [];
  });
  if (pairs.length === 0) return;
  await deleteRows(
    database,
    pairs.flatMap(({ from, to }) => (full ? [to] : [from, to])),
  );
  await withPublished(database, lake, "published", async () => {
    for (const { from, to } of pairs) await copyRows(build, from, to);
  });
}

async function copyRows(build: Build, from: KnownPartition, to: KnownPartition): Promise<void> {
  const { database } = build;
  const columns = from.columns.map(({ name, type }) => ({ name, type }));
  const values = readColumns([from], columns);
  const rows = `SELECT ${[ROW, ...values].join(", ")} FROM published.${homeTable(from.home)} WHERE ${PART} = ${from.part}`;
  const start = build.nextRow;
  await createHome(database, to);
  await database.run(
    insertSql(to, {
      row: `CAST(${start} + row_number() OVER (ORDER BY ${ROW}) - 1 AS INTEGER)`,
      part: String(to.part),
      key: (name) => quoteText(to[name]),
      value: ({ name }) => quoteName(name),
      from: `(${rows})`,
    }),
  );
  build.nextRow += from.rows;
  await insertRanges(database, "row_ranges", [{ part: to.part, row_start: start, row_end: build.nextRow }]);
}
