/** The licence of data, from the upload to the catalog and to a dataset for Hugging Face. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import type { CatalogPartition } from "../../src/schema/catalog-documents.ts";
import { makeWorld, runProgram, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe } from "../server/server-kit.ts";

setDefaultTimeout(120_000);

let world: World;
let server: ServeProcess | undefined;
beforeAll(async () => {
  world = await makeWorld();
  for (const name of ["a", "b"])
    await writeFile(join(world.folder, `${name}.jsonl`), JSON.stringify({ text: name }));
});
afterAll(() => server?.stop());

const upload = (dataset: string, file: string, ...more: string[]) => {
  const to = ["--type", "raw", "--provider", "hub", "--dataset", dataset];
  return runProgram(world, ["upload", join(world.folder, `${file}.jsonl`), ...to, ...more]);
};

async function licenses(): Promise<[string, string][]> {
  expect((await runProgram(world, ["process", "start", "--wait"])).exit).toBe(0);
  const { stdout } = await runProgram(world, ["catalog", "partitions", "--json"]);
  const { partitions } = JSON.parse(stdout) as { partitions: CatalogPartition[] };
  return partitions.map(({ dataset, license }) => [dataset, license]);
}

test("is that of the newest upload that names one, and that of a dataset made of the data", async () => {
  await upload("계약", "a", "--license", "CC-BY-4.0");
  await upload("영수증", "a");
  expect(await licenses()).toEqual([
    ["계약", "CC-BY-4.0"],
    ["영수증", ""],
  ]);
  // An append that names none changes nothing; one by HTTP names its own.
  await upload("계약", "b", "--mode", "append");
  server = await startServe(world);
  const query = { type: "raw", provider: "hub", dataset: "영수증", mode: "append", format: "jsonl" };
  const url = `${server.url}/uploads/u${"a".repeat(32)}/input?${new URLSearchParams({ ...query, license: "공공누리 1유형" })}`;
  expect((await fetch(url, { method: "PUT", body: JSON.stringify({ text: "c" }) })).status).toBe(200);
  expect(await licenses()).toEqual([
    ["계약", "CC-BY-4.0"],
    ["영수증", "공공누리 1유형"],
  ]);
  const { DATALAKE_LAKE: _, ...away } = world.env;
  const ways = { here: world.env, there: { ...away, DATALAKE_SERVER: server.url } };
  for (const [way, env] of Object.entries(ways)) {
    const output = join(world.folder, way);
    const done = await runProgram({ ...world, env }, ["download", "--output", output, "--format", "dataset"]);
    expect(done.exit).toBe(0);
    const info = await Bun.file(join(output, "dataset_info.json")).json();
    expect(info.license).toBe("CC-BY-4.0, 공공누리 1유형");
  }
});

test("that is no line of text is refused", async () => {
  for (const license of ["a\nb", "x".repeat(201)]) {
    const { exit, stderr } = await upload("b", "a", "--license", license);
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringContaining("--license") });
  }
});

test("comes to a catalog of a version that knew none", async () => {
  await server?.stop();
  server = undefined;
  const database = await openDatabase({ scratch: join(world.folder, "scratch"), threads: 1 });
  await database.run(`ATTACH ${quoteText(world.lake.layout.catalogFile)} AS old`);
  await database.run("ALTER TABLE old.partitions DROP COLUMN license");
  await database.run("DETACH old");
  database.close();
  const before = await runProgram(world, ["search", "--json"]);
  expect(JSON.parse(before.stdout).row_count).toBe(4);
  await upload("새것", "a", "--license", "CC0");
  expect(await licenses()).toEqual([
    ["계약", ""],
    ["새것", "CC0"],
    ["영수증", ""],
  ]);
});
