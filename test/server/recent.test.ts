import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import { rm, stat } from "node:fs/promises";
import { connectServer } from "../../src/client/remote/server.ts";
import { exists } from "../../src/lake/files.ts";
import { makeWorld, runProgram, stageUpload, type World } from "../jobs/staging-kit.ts";
import { type ServeProcess, startServe, until } from "./server-kit.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const worlds: World[] = [];
let server: ServeProcess | undefined;
afterEach(async () => {
  await server?.stop("SIGKILL");
  for (const { folder } of worlds.splice(0)) await rm(folder, { recursive: true, force: true });
});

test("a server and commands show an append that only the small file has", async () => {
  const world = await makeWorld({ DATALAKE_CATALOG_RECENT_FROM: "0B" });
  worlds.push(world);
  const { catalogFile, recentFile } = world.lake.layout;
  await stageUpload(world, [{ text: "영수증 1" }, { text: "영수증 2" }], {});
  expect(await runProgram(world, ["process", "start", "--wait"])).toMatchObject({ exit: 0 });
  server = await startServe(world);
  const { url } = server;
  const client = connectServer(url);
  const address = `${url}/search?text=${encodeURIComponent("영수증")}`;
  // An answer that was asked for in parts is kept for the parts to come.
  const first = await fetch(address, { method: "HEAD" });
  const before = await stat(catalogFile);
  await stageUpload(world, [{ text: "영수증 3" }], { mode: "append" });
  const { job_id } = await client.startJob();
  expect(await client.watchJob(job_id, { onUpdate: () => {} })).toMatchObject({ status: "completed" });
  expect([(await stat(catalogFile)).ino, await exists(recentFile)]).toEqual([before.ino, true]);
  const second = await fetch(address);
  expect(second.headers.get("etag")).not.toBe(first.headers.get("etag"));
  expect(second.headers.get("x-catalog-generation")).toBe("2");
  expect(((await second.json()) as { rows: unknown[] }).rows).toHaveLength(3);
  const get = async (path: string) => (await fetch(`${url}${path}`)).json();
  const { size } = await stat(recentFile);
  const facts = { generation: 2, rows: 3, bytes: before.size + size };
  expect(await get("/catalog")).toMatchObject(facts);
  expect(await get("/status")).toMatchObject({ catalog: facts });
  expect(await get("/partitions")).toMatchObject({ partitions: [{ rows: 3, version: 2 }] });
  const asked = await fetch(`${url}/query?sql=${encodeURIComponent("SELECT count(*) AS n FROM catalog")}`);
  expect(await asked.json()).toMatchObject({ rows: [{ n: 3 }], generation: 2 });
  const run = (...args: string[]) => runProgram(world, args);
  expect((await run("sql", 'SELECT count(*) FROM "hub/pages"', "--format", "csv")).stdout).toContain("3");
  const found = await run("search", "--text", "영수증 3", "--json");
  expect(JSON.parse(found.stdout).rows).toMatchObject([{ text: "영수증 3" }]);
  expect((await run("doctor", "--full", "--json")).stdout).toContain("generation 2 holds 1 partition");
  expect(await run("download", "--output", `${world.folder}/out.parquet`)).toMatchObject({
    exit: 0,
  });
  await fetch(`${url}/catalog/rebuild`, { method: "POST" });
  expect([(await stat(catalogFile)).ino === before.ino, await exists(recentFile)]).toEqual([false, false]);
  await until(async () => {
    const { catalog } = (await get("/status")) as { catalog: { generation: number; rows: number } };
    return catalog.generation === 3 && catalog.rows === 3;
  });
});
