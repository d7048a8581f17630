import type { AppError } from "../errors.ts";
import type { Database } from "../query/database.ts";
import { quoteName } from "../query/sql.ts";
import type { Failure } from "../schema/failure.ts";
import { failureError } from "../schema/failure.ts";
import {
  comparePartitions,
  formatPartition,
  PARTITION_COLUMNS,
  type PartitionKey,
  pickKey,
} from "../schema/partition.ts";
import type { PartitionState } from "./partition.ts";
import type { Load, RefreshPlan } from "./plan.ts";

declare const DATALAKE_VERSION: string | undefined;

/** A row of the table `left_out`: a partition whose newest rows the catalog does not hold, and why. */
export interface LeftOut extends PartitionKey, Pick<Failure, "code" | "message"> {
  /** What was tried: the same would fail again. Empty for one that is looked into each time. */
  tried: string;
}

const COLUMNS = [...PARTITION_COLUMNS, "code", "message", "tried"] as const;

/** What a load depends on beside the files. */
export interface Circumstances {
  /** As in settings. The number of threads differs between hosts, and the last try takes one in any case. */
  memory: string;
}

export async function createLeftOut(database: Database): Promise<void> {
  const list = COLUMNS.map((name) => `${name} VARCHAR`).join(", ");
  await database.run(`CREATE TABLE IF NOT EXISTS left_out (${list})`);
}

/** Of the attached catalog `schema`, sorted; none in a catalog of an earlier version. */
export async function readLeftOut(database: Database, schema: string): Promise<LeftOut[]> {
  const found = await database.rows(
    "SELECT 1 FROM duckdb_tables() WHERE database_name = $1 AND table_name = 'left_out'",
    [schema],
  );
  if (found.length === 0) return [];
  const rows = await database.rows<LeftOut>(
    `SELECT ${COLUMNS.join(", ")} FROM ${quoteName(schema)}.left_out`,
  );
  return rows.sort(comparePartitions);
}

export async function writeLeftOut(database: Database, all: readonly LeftOut[]): Promise<void> {
  await database.run("DELETE FROM left_out");
  const values = COLUMNS.map((_, at) => `$${at + 1}`).join(", ");
  for (const one of all) {
    await database.run(
      `INSERT INTO left_out VALUES (${values})`,
      COLUMNS.map((name) => one[name]),
    );
  }
}

/** What a plan leaves out, sorted by name. */
export function leftOutOf({ failures }: Pick<RefreshPlan, "failures">): LeftOut[] {
  const rows = failures.map(({ key, error, tried }) => {
    return { ...pickKey(key), code: error.code, message: error.message, tried };
  });
  return rows.sort(comparePartitions);
}

/** Equal for loads that would end alike: of the same files, with the same memory, by the same version. */
export function describeTry(state: PartitionState, { memory }: Circumstances): string {
  const version = typeof DATALAKE_VERSION === "string" ? DATALAKE_VERSION : "source";
  const files = state.files.map(({ name, identity }) => [name, identity]);
  return Bun.hash(JSON.stringify([version, memory, files])).toString(16);
}

/** Moves the loads for which `failureOf` knows an error to the plan's failures. */
export function giveUp(
  plan: RefreshPlan,
  failureOf: (load: Load) => { error: AppError; tried: string; isLost?: boolean } | undefined,
): void {
  plan.loads = plan.loads.filter((load) => {
    const failure = failureOf(load);
    if (failure === undefined) return true;
    plan.failures.push({ key: load.state.key, ...failure });
    return false;
  });
}

/** Gives up what failed before in the same way, as the published catalog says. */
export function giveUpTried(
  plan: RefreshPlan,
  before: readonly LeftOut[],
  circumstances: Circumstances,
): void {
  const known = new Map(before.map((one) => [formatPartition(one), one]));
  giveUp(plan, ({ state }) => {
    const one = known.get(formatPartition(state.key));
    if (one === undefined || one.tried !== describeTry(state, circumstances)) return undefined;
    return { error: failureError(one), tried: one.tried };
  });
}
