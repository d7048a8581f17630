import { homesRead } from "../catalog/home-tables.ts";
import type { LeftOut } from "../catalog/left-out.ts";
import { type PublishedCatalog, readPublished, withPublished } from "../catalog/open.ts";
import { readPartition } from "../catalog/partition.ts";
import type { KnownPartition } from "../catalog/tables.ts";
import { exists } from "../lake/files.ts";
import { interruptible } from "../query/database.ts";
import { homeTable, PART } from "../query/duckdb/homes.ts";
import { formatPartition } from "../schema/partition.ts";
import { formatQuantity } from "../util/format.ts";
import { type Check, collectPlaces, type DoctorContext, type Finding, placesFinding } from "./check.ts";

/** Invariant 5: the catalog holds the rows of its partitions in the versions that it lists. */
export const catalogCheck: Check = {
  name: "catalog",
  run: async (context) => {
    const { lake, database, partitions } = context;
    const findings = await checkWal(context);
    const published = await readPublished(database, lake);
    if (published === undefined) {
      if (partitions.length === 0) return findings.length > 0 ? findings : "none yet, and no partitions";
      return [
        ...findings,
        {
          status: "warning",
          message: `there is no catalog of ${formatQuantity(partitions.length, "partition")}`,
          advice: "run `datalake catalog rebuild`",
        },
      ];
    }
    findings.push(...published.leftOut.map(describeLeftOut));
    findings.push(...(await compareVersions(context, published)));
    findings.push(...(await compareRows(context, published.partitions)));
    if (findings.length > 0) return findings;
    return `generation ${published.head.generation} holds ${formatQuantity(published.partitions.length, "partition")}`;
  },
};

async function checkWal({ lake }: DoctorContext): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const file of [lake.layout.catalogFile, lake.layout.recentFile]) {
    const path = lake.layout.logOf(file);
    if (!(await exists(path))) continue;
    findings.push({
      status: "problem",
      message: `${path} is beside the catalog: a program opened the catalog for writing`,
      advice: "close that program, remove the file and run `datalake catalog rebuild --full`",
      details: { path },
    });
  }
  return findings;
}

function describeLeftOut(leftOut: LeftOut): Finding {
  const { tried: _, ...details } = leftOut;
  const name = formatPartition(leftOut);
  const [what = "", ...advice] = leftOut.message.split("; ");
  return {
    status: "problem",
    message: `the catalog does not hold the newest rows of a partition: ${what.includes(name) ? "" : `${name}: `}${what}`,
    advice: advice.join("; ") || "run `datalake catalog rebuild`",
    details,
  };
}

async function compareVersions(
  { lake, database, partitions, signal }: DoctorContext,
  { partitions: listed, leftOut }: PublishedCatalog,
): Promise<Finding[]> {
  const behind = collectPlaces();
  const wrong = collectPlaces();
  const known = new Map(listed.map((one) => [formatPartition(one), one]));
  const isTold = new Set(leftOut.map(formatPartition));
  for (const key of partitions) {
    signal.throwIfAborted();
    const name = formatPartition(key);
    const state = await readPartition(database, lake, key).catch(() => undefined); // reported by another check
    const held = known.get(name);
    known.delete(name);
    if (state === undefined || isTold.has(name)) continue;
    if (held === undefined) behind.add(`${name} (not in it)`);
    else if (held.version < state.version) behind.add(`${name} (${held.version} of ${state.version})`);
    else if (held.version > state.version || held.rows !== state.rows) {
      wrong.add(
        `${name} (says version ${held.version}, ${held.rows} rows; is ${state.version}, ${state.rows})`,
      );
    }
  }
  for (const name of known.keys()) wrong.add(`${name} (is gone)`);
  return [
    ...placesFinding(
      "warning",
      behind,
      "the catalog does not have the newest version of partitions",
      "run `datalake catalog rebuild`, or wait for the job that runs",
    ),
    ...placesFinding(
      "problem",
      wrong,
      "the catalog has wrong facts about partitions",
      "run `datalake catalog rebuild`; if that does not help, with --full",
    ),
  ];
}

/** Compares the catalog's row counts with its list; with `--full` also the value counts of each column. */
async function compareRows(context: DoctorContext, listed: KnownPartition[]): Promise<Finding[]> {
  const { lake, database, signal } = context;
  const wrong = collectPlaces();
  const count = (sql: string) =>
    interruptible(database, signal, () => database.rows<{ part: number; rows: number }>(sql));
  await withPublished(database, lake, "checked", async () => {
    const rows = new Map<string, number>();
    for (const home of await homesRead(database, "checked")) {
      const table = `checked.${homeTable(home)}`;
      const counted = await count(`SELECT ${PART} AS part, count(*) AS rows FROM ${table} GROUP BY ALL`);
      for (const { part, rows: held } of counted) rows.set(`${home}/${part}`, held);
    }
    for (const one of listed) {
      const place = `${one.home}/${one.part}`;
      const held = rows.get(place) ?? 0;
      if (held !== one.rows) wrong.add(`${formatPartition(one)} (${held} of ${one.rows} rows)`);
      rows.delete(place);
    }
    for (const [place, held] of rows) wrong.add(`${held} rows (of no listed partition, in rows_${place})`);
    if (!context.full) return;
    const { countValues } = await import("./catalog-values.ts");
    for (const place of await countValues(context, "checked", listed)) wrong.add(place);
  });
  return placesFinding(
    "problem",
    wrong,
    "the catalog lacks rows of partitions that it lists",
    "run `datalake catalog rebuild --full`",
  );
}
