import { stat } from "node:fs/promises";
import { parseSize } from "../config.ts";
import { AppError } from "../errors.ts";
import { removeUnlessHeld } from "../lake/replaced.ts";
import type { Database } from "../query/database.ts";
import { RECENT_OF, RECENT_SCHEMA, WHOLE } from "../query/duckdb/catalog-file.ts";
import { homeTable } from "../query/duckdb/homes.ts";
import { hasIndex, INDEX_TABLES } from "../query/search-index/tables.ts";
import { quoteName, quoteText } from "../query/sql.ts";
import { formatPartition } from "../schema/partition.ts";
import type { Build } from "./build.ts";
import { homesIn } from "./home-tables.ts";
import { createLeftOut } from "./left-out.ts";
import type { PublishedCatalog } from "./open.ts";
import type { RecentOf } from "./recent-of.ts";
import { createTables, NEW_FILE, readHead } from "./tables.ts";

/** Searches read recent rows without an index, ... */
const MAX_ROWS = 100_000;
/** ...each publication copies them... */
const MAX_BYTES = 64_000_000;
/** ...and who opens the large file alone does not see them: an append behind this publishes that one again. */
const MAX_AGE_MS = 60 * 60_000;

/**
 * Whether what the plan does goes into the small file: rows that are appended, new partitions, and other facts of
 * partitions whose rows stay, as long as it stays small, and where the large one is too large to be copied for them.
 */
export async function isForRecent(build: Build): Promise<boolean> {
  const { lake, published, plan, full, quick, endsRecent, recentFrom, wantsIndex } = build;
  if (!quick || full || endsRecent || !published?.head.attempt || published.hasIndex !== wantsIndex)
    return false;
  if (plan.removes.length > 0) return false;
  const held = new Set(published.partitions.map(formatPartition));
  let bytes = 0;
  for (const { state, rowStart } of plan.loads) {
    if (rowStart === 0 && held.has(formatPartition(state.key))) return false;
    bytes += (state.bytes * (state.rows - rowStart)) / Math.max(1, state.rows);
  }
  const { recent } = published;
  if (recent !== undefined) {
    if (Date.now() - Date.parse(recent.since) > MAX_AGE_MS) return false;
    bytes += (await stat(lake.layout.recentFile)).size;
  }
  const rows = countRows(build.partitions.values()) - (recent?.rows ?? countRows(published.partitions));
  if (rows > MAX_ROWS || bytes > MAX_BYTES) return false;
  return (await stat(lake.layout.catalogFile)).size >= parseSize(recentFrom);
}

function countRows(partitions: Iterable<{ rows: number }>): number {
  let sum = 0;
  for (const { rows } of partitions) sum += rows;
  return sum;
}

/**
 * Makes the work file the small one: as it is published, or a new one which knows what the large one does. Both are
 * attached afterwards, and rows go to the schema of recent ones. Throws `conflict` where the large one is another.
 */
export async function prepareRecent(build: Build, published: PublishedCatalog): Promise<void> {
  const { database, lake, scratch } = build;
  const { recent } = published;
  const of = recent ?? {
    attempt: published.identity,
    since: new Date().toISOString(),
    rows: countRows(published.partitions),
  };
  if (recent) await scratch.take(published.identity);
  else await scratch.clear();
  await database.run(`ATTACH ${quoteText(lake.layout.catalogFile)} AS ${quoteName(WHOLE)} (READ_ONLY)`);
  const head = await readHead(database, WHOLE);
  if (head?.attempt !== of.attempt) {
    throw new AppError(
      "conflict",
      `another host published ${lake.layout.catalogFile} at the same time; run \`datalake catalog rebuild\``,
    );
  }
  await database.run(`ATTACH ${quoteText(scratch.work)} AS work${recent ? "" : ` (${NEW_FILE})`}`);
  await database.run("USE work");
  if (!recent) await createRecent(database, of);
  await database.run(`SET search_path = 'work.${RECENT_SCHEMA},work.main'`);
}

async function createRecent(database: Database, of: RecentOf): Promise<void> {
  await createTables(database);
  await createLeftOut(database);
  await database.run(`CREATE SCHEMA ${RECENT_SCHEMA}`);
  await database.run(`CREATE TABLE ${RECENT_OF} (attempt VARCHAR, since VARCHAR, rows BIGINT)`);
  await database.run(`INSERT INTO ${RECENT_OF} VALUES ($1, $2, $3)`, [of.attempt, of.since, BigInt(of.rows)]);
  for (const table of ["partitions", "row_ranges"]) {
    await database.run(`INSERT INTO ${table} BY NAME SELECT * FROM ${ofWhole(table)}`);
  }
  if (await hasIndex(database, WHOLE)) {
    for (const name of Object.keys(INDEX_TABLES)) {
      // What the index knows is read time and again; the rest, not more than a search needs.
      const kind = name === "index_ranges" ? "TABLE" : "VIEW";
      await database.run(`CREATE ${kind} ${name} AS SELECT * FROM ${ofWhole(name)}`);
    }
  }
  for (const home of await homesIn(database, WHOLE)) {
    await database.run(`CREATE VIEW ${homeTable(home)} AS SELECT * FROM ${ofWhole(homeTable(home))}`);
  }
}

const ofWhole = (table: string) => `${quoteName(WHOLE)}.main.${table}`;

/** Makes all rows be found under the names that the tables of the large file have; views for people read those. */
export async function uniteHomes(database: Database): Promise<void> {
  await database.run("USE work");
  const inWhole = await homesIn(database, WHOLE);
  for (const home of await homesIn(database)) {
    const table = homeTable(home);
    const whole = inWhole.has(home) ? `SELECT * FROM ${ofWhole(table)} UNION ALL BY NAME ` : "";
    await database.run(`CREATE OR REPLACE VIEW ${table} AS ${whole}SELECT * FROM ${RECENT_SCHEMA}.${table}`);
  }
}

/** Removes the small file of a large one that is not published any more; readers know that it is of no use. */
export async function removeRecent({ lake }: Build): Promise<void> {
  await removeUnlessHeld(lake.layout.recentFile);
}
