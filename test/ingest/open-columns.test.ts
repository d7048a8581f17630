/** A type comes from values: lists that hold none take the type of what is added to them. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readPartition } from "../../src/catalog/partition.ts";
import { DatalakeClient } from "../../src/client/index.ts";
import { METADATA_FILE } from "../../src/lake/layout.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import type { Column } from "../../src/schema/columns.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";
import { downloadRows, expectTyped, firsts, jsonLines, KINDS, nexts, processAll } from "./open-kit.ts";

setDefaultTimeout(240_000);

let world: World;
/** Its server holds it. */
let far: World;
let server: ServeProcess;
let database: Database;
let client: DatalakeClient;
let remote: DatalakeClient;
beforeAll(async () => {
  [world, far] = await Promise.all([makeWorld(), makeWorld()]);
  server = await startServe(far);
  database = await openDatabase({ scratch: join(world.folder, "judge"), memory: "400MB", threads: 2 });
  client = new DatalakeClient({ basePath: world.lake.root, numProc: 1 });
  remote = new DatalakeClient({ serverUrl: server.url });
});
afterAll(async () => {
  client.close();
  remote.close();
  database.close();
  await server.stop("SIGTERM");
  for (const { folder } of [world, far]) await rm(folder, { recursive: true, force: true });
});

async function upload(
  dataset: string,
  values: readonly string[],
  mode: "create" | "append" = "create",
  of = client,
) {
  const input = await jsonLines(world.folder, crypto.randomUUID(), values);
  return of.uploadRawData({ provider: "hub", dataset, input, mode });
}

const downloaded = (datasets: string[], of = client) => downloadRows(of, database, world.folder, datasets);

const keyOf = (dataset: string) => ({ provider: "hub", dataset, task: "raw", variant: "text" });

test.each([
  ["a folder", () => client],
  ["a server", () => remote],
] as const)("rows with values give those without their types, through %s", async (_, of) => {
  await upload("가", firsts(KINDS), "create", of());
  await processAll(of());
  await upload("가", nexts(KINDS), "append", of());
  await processAll(of());
  expectTyped(await downloaded(["가"], of()), KINDS);
});

test("rows that still wait are open to a type, and keep the first that comes", async () => {
  await upload("waiting", firsts(KINDS));
  await upload("waiting", nexts(KINDS), "append");
  await expect(upload("waiting", ['["가"]'], "append")).rejects.toMatchObject({
    code: "type_mismatch",
    details: { column: "c0", type: "VARCHAR[]", partition_type: "BIGINT[]" },
  });
  await processAll(client);
  expectTyped(await downloaded(["waiting"]), KINDS);
});

test("a catalog made anew, of the files alone, knows as much", async () => {
  await upload("anew", firsts(KINDS));
  await processAll(client);
  await rm(join(world.lake.layout.partition(keyOf("anew")), METADATA_FILE));
  await client.buildCatalog({ full: true });
  await upload("anew", nexts(KINDS), "append");
  await processAll(client);
  await client.buildCatalog({ full: true });
  expectTyped(await downloaded(["anew"]), KINDS);
});

test("every file of the partition has the type then: others read them as they are", async () => {
  await upload("files", firsts(KINDS));
  await processAll(client);
  for (let at = 0; at < 2; at++) {
    await upload("files", nexts(KINDS), "append");
    await processAll(client);
    const state = await readPartition(database, world.lake, keyOf("files"));
    const typesOf = (columns: readonly Column[]) => columns.map(({ name, type }) => `${name} ${type}`).sort();
    for (const file of state?.files ?? [])
      expect(typesOf(file.columns)).toEqual(typesOf(state?.columns ?? []));
  }
});

test("datasets beside keep their types, in the view of all rows and in a download of both", async () => {
  const alone = await makeWorld();
  const own = new DatalakeClient({ basePath: alone.lake.root, numProc: 1 });
  const kinds = KINDS.filter(([, , type]) => type.endsWith("[]"));
  const columns = kinds.map((_, at) => `c${at}`).join(", ");
  const seen = async () => {
    const sql = `SELECT ${columns}, typeof(c0) AS type FROM catalog ORDER BY dataset`;
    const { stdout } = await runProgram(alone, ["sql", sql, "--format", "ndjson"]);
    return stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
  };
  await upload("bare", firsts(kinds), "create", own);
  await upload("full", nexts(kinds), "create", own);
  await processAll(own);
  expectTyped(await downloaded(["bare", "full"], own), kinds);
  const rows = await seen();
  expect(rows.map(({ type }) => type)).toEqual(["BIGINT[]", "BIGINT[]"]);
  for (const [at, [, , , values]] of kinds.entries()) {
    expect(rows.map((row) => row[`c${at}`])).toEqual([...values]);
  }
  // A type of its own is of its partition alone.
  await upload("bare", ['["가"]', '["나"]'], "append", own);
  await processAll(own);
  expect((await downloaded(["bare"], own)).types).toMatchObject({ c0: "VARCHAR[]", c1: "VARCHAR[]" });
  expect((await downloaded(["full"], own)).types).toMatchObject({ c0: "BIGINT[]", c1: "DOUBLE[]" });
  own.close();
  await rm(alone.folder, { recursive: true, force: true });
});
