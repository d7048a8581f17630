import { AppError, throwIfCancelled } from "../errors.ts";
import { quoteName } from "../query/sql.ts";
import { formatPartition, PARTITION_COLUMNS, type PartitionKey } from "../schema/partition.ts";
import type { Build } from "./build.ts";
import { planColumns } from "./columns.ts";
import { isSameFile } from "./footer.ts";
import { deleteRows, findDamage, loadRows } from "./load.ts";
import { observePartitions, statFolders } from "./observe.ts";
import { withPublished } from "./open.ts";
import { decideOutcome } from "./outcome.ts";
import { type Load, planRefresh } from "./plan.ts";
import { matchPartitions, readColumns } from "./tables.ts";

const ROUNDS = 5;

/**
 * Loads what the plan says into the table `catalog`. A partition that changed while it was read is read again, one whose
 * files are damaged moves to the plan's failures and keeps the rows that the published catalog has of it.
 */
export async function loadPartitions(build: Build): Promise<void> {
  const wereFailures = new Set(build.plan.failures.map(({ key }) => formatPartition(key)));
  let loads = build.plan.loads;
  for (let round = 0; ; round++) {
    const unloaded = await insertLoads(build, loads);
    const stale = await findStale(loads);
    for (const { load, error } of unloaded) {
      if (stale.includes(load)) continue;
      const damage = await findDamage(build.database, load.state.files);
      if (!damage) throw error; // the files are right: it is this machine's memory or disk
      failLoad(build, load, damage);
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
  const { database, columns, signal } = build;
  try {
    await loadRows(database, loads, columns);
    return [];
  } catch (error) {
    throwIfCancelled(signal);
    if (loads.length === 1 && loads[0]) return [{ load: loads[0], error }];
  }
  const unloaded: { load: Load; error: unknown }[] = [];
  for (const load of loads) {
    try {
      await loadRows(database, [load], columns);
    } catch (error) {
      throwIfCancelled(signal);
      unloaded.push({ load, error });
    }
  }
  return unloaded;
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

function failLoad(build: Build, load: Load, error: AppError): void {
  const { plan } = build;
  plan.loads = plan.loads.filter((other) => other !== load);
  plan.failures.push({ key: load.state.key, error });
}

/** Takes stale partitions out of the table and plans them anew. Gives the loads that bring them back. */
async function reloadPlan(build: Build, stale: readonly Load[]): Promise<Load[]> {
  const { database, lake, plan } = build;
  const keys = stale.map((load) => load.state.key);
  await deleteRows(database, keys);
  const held = new Map(build.partitions);
  for (const key of keys) held.delete(formatPartition(key));
  const folders = await statFolders(lake, keys, build.nowNs);
  const again = planRefresh([], keys, await observePartitions(database, lake, folders));
  plan.loads = [...plan.loads.filter((load) => !stale.includes(load)), ...again.loads];
  plan.failures.push(...again.failures);
  const found = new Set([
    ...again.loads.map(({ state }) => state.key),
    ...again.failures.map(({ key }) => key),
  ]);
  plan.removes.push(...keys.filter((key) => !found.has(key)));
  const has = await readColumns(database, "work");
  decideOutcome(build);
  const alterations = planColumns(has, Array.from(held.values()), build.columns);
  if (!alterations) throw busy(stale);
  for (const sql of alterations) await database.run(sql);
  return again.loads;
}

function busy(stale: readonly Load[]): AppError {
  const names = stale.map((load) => formatPartition(load.state.key)).join(", ");
  return new AppError("conflict", `${names} changed again and again while the catalog was built; try again`);
}

/** Rows that the published catalog has of partitions which cannot be read now, in the columns of the new one. */
async function carryOver(build: Build, keys: readonly PartitionKey[]): Promise<void> {
  const { database, lake } = build;
  const held = keys.filter((key) => build.partitions.has(formatPartition(key)));
  if (held.length === 0) return;
  await deleteRows(database, held);
  await withPublished(database, lake, "published", async () => {
    const has = await readColumns(database, "published");
    const names = new Set(has.map(({ name }) => name));
    const values = build.columns
      .filter(({ name }) => names.has(name))
      .map(({ name, type }) => `CAST(${quoteName(name)} AS ${type}) AS ${quoteName(name)}`);
    await database.run(
      `INSERT INTO catalog BY NAME SELECT ${[...PARTITION_COLUMNS, ...values].join(", ")}
       FROM published.catalog WHERE ${matchPartitions(held)}`,
    );
  });
}
