import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { LONG } from "../long.ts";
import { createRandom } from "../rigs/random.ts";
import { type Compared, parseExact, readTable, valuesOf } from "./compare.ts";
import { type MadeColumn, makeTable, storedType, tableSql } from "./generate.ts";
import { arrowOf, csvOf, jsonLinesOf, parquetOf } from "./write.ts";

setDefaultTimeout(120_000);

const SEED = Number(process.env.DATALAKE_TABLES_SEED ?? 1);
const ROWS = 30;

let world: World;
let database: Database;
let client: DatalakeClient;
beforeAll(async () => {
  world = await makeWorld();
  database = await openDatabase({ scratch: join(world.folder, "judge"), memory: "400MB", threads: 2 });
  client = new DatalakeClient({ basePath: world.lake.root, numProc: 1 });
});
afterAll(async () => {
  client.close();
  database.close();
  await rm(world.folder, { recursive: true, force: true });
});

/** How the engine writes Parquet: pages, encodings and codecs. A sample tries two of them. */
const ALL_WAYS = [
  "COMPRESSION zstd",
  "COMPRESSION snappy, PARQUET_VERSION v2, DICTIONARY_SIZE_LIMIT 1",
  "COMPRESSION lz4_raw, ROW_GROUP_SIZE 7",
  "COMPRESSION gzip, PARQUET_VERSION v2",
];

const WAYS = LONG ? ALL_WAYS : [0, 1].map((at) => ALL_WAYS[(SEED + at) % ALL_WAYS.length] as string);

/** Fewer types: cells of CSV are text, and JSON has no bytes. */
const inJson = ({ type }: MadeColumn) => type !== "BLOB";
const inCsv = ({ type }: MadeColumn) =>
  inJson({ type } as MadeColumn) && !/[[(](?!\d)/.test(type) && !type.endsWith("]");

// Datasets use the same column names with other types: none may change another's.
test(`generated tables come back value by value (seed ${SEED})`, async () => {
  const random = createRandom(SEED);
  const tables: { dataset: string; columns: MadeColumn[]; expected: Compared; isTyped: boolean }[] = [];
  for (const [at, way] of WAYS.entries()) {
    const columns = makeTable(random, ROWS);
    const select = tableSql(columns);
    const read = await readTable(database, `(${select})`);
    const file = (ending: string) => join(world.folder, `t${at}.${ending}`);
    await database.run(`COPY (${select}) TO ${quoteText(file("parquet"))} (FORMAT parquet, ${way})`);
    await database.run(
      `COPY (${select}) TO ${quoteText(file("plain"))} (FORMAT parquet, COMPRESSION lz4_raw)`,
    );
    await arrowOf(file("plain"), file("arrow"));
    for (const format of ["parquet", "arrow", "jsonl", "csv"]) {
      const dataset = `${format}${at}`;
      const isTyped = format === "parquet" || format === "arrow";
      const taken = isTyped ? columns : columns.filter(format === "csv" ? inCsv : inJson);
      const expected = { ...read };
      if (format === "jsonl") await jsonLinesOf(expected.rows, taken, file(format));
      if (format === "csv") expected.rows = expected.rows.map(withoutEmpty);
      if (format === "csv") await csvOf(expected.rows, taken, file(format));
      await client.uploadRawData({ input: file(format), provider: "hub", dataset });
      tables.push({ dataset, columns: taken, expected, isTyped });
      if (format !== "arrow") continue;
      await client.uploadRawData({ input: file("parquet"), provider: "hub", dataset, mode: "append" });
      expected.rows = [...expected.rows, ...expected.rows];
    }
  }
  const { jobId } = await client.triggerProcessing();
  const job = await client.waitForJobCompletion(jobId);
  expect(job.uploads.filter(({ status }) => status !== "completed")).toEqual([]);
  for (const { dataset, columns, expected, isTyped } of tables) {
    for (const format of ["parquet", "arrow", "dataset"] as const) {
      const output = join(world.folder, `${dataset}-out${format === "dataset" ? "" : `.${format}`}`);
      await client.download({ query: { datasets: [dataset] }, format, output });
      const got = await readTable(database, await relationOf(output, format));
      for (const column of columns) {
        const where = [dataset, format, column.name, column.type];
        if (expected.rows.every((row) => row[column.name] === null)) continue; // it is not given
        const stored = storedType(column.type, column.values) ?? "VARCHAR";
        if (isTyped) expect([...where, got.types[column.name]]).toEqual([...where, stored]);
        expect([...where, valuesOf(got, column)]).toEqual([...where, valuesOf(expected, column)]);
      }
    }
    for (const column of columns.filter(({ type }) => type.startsWith("VARCHAR"))) {
      if (expected.rows.every((row) => row[column.name] === null)) continue;
      for (const text of ["영수증", "1.1", '"b"', "없다"]) {
        const query = { datasets: [dataset], column: column.name, text };
        const holds = expected.rows.filter((row) =>
          leavesOf(row[column.name]).some((leaf) => leaf.includes(text)),
        );
        const { matchCount } = await client.search({ ...query, limit: 1 });
        expect([query, matchCount]).toEqual([query, holds.length]);
      }
    }
  }
  const { dataset, columns, expected } = tables[0] as (typeof tables)[number];
  const given = columns.filter(({ name }) => expected.rows.some((row) => row[name] !== null));
  const names = given.map(({ name }) => name).join(", ");
  const sql = `SELECT ${names} FROM "hub/${dataset}" ORDER BY source_row`;
  const { stdout, exit } = await runProgram(world, ["sql", sql, "--format", "ndjson"]);
  expect(exit).toBe(0);
  const rows = stdout
    .trimEnd()
    .split("\n")
    .map((line) => parseExact(line) as Record<string, unknown>);
  for (const column of given.filter(({ type }) => !/BLOB|TIMESTAMP/.test(type))) {
    const where = [column.name, column.type];
    expect([...where, valuesOf({ types: {}, rows }, column)]).toEqual([...where, valuesOf(expected, column)]);
  }
}, 300_000);

/** Arrow goes through the library that wrote the input: the judge reads Parquet. */
async function relationOf(output: string, format: "parquet" | "arrow" | "dataset"): Promise<string> {
  if (format === "parquet") return `read_parquet(${quoteText(output)})`;
  const path = format === "arrow" ? output : join(output, "data-00000-of-00001.arrow");
  await parquetOf(path, `${output}.judged`);
  return `read_parquet(${quoteText(`${output}.judged`)})`;
}

function leavesOf(value: unknown): string[] {
  return Array.isArray(value) ? value.flatMap(leavesOf) : value === null ? [] : [String(value)];
}

/** An empty cell of CSV is NULL. */
function withoutEmpty(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value === "" ? null : value]));
}
