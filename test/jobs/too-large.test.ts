import { expect, setDefaultTimeout, test } from "bun:test";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobRecord } from "../../src/schema/job.ts";
import { startServe } from "../server/server-kit.ts";
import { makeWorld, runProgram } from "./staging-kit.ts";

setDefaultTimeout(240_000); // a machine that is busy elsewhere

const COLUMNS = Array.from({ length: 400 }, (_, at) => `c${at}`);
const table = (rows: number) =>
  [COLUMNS, ...Array.from({ length: rows }, (_, row) => COLUMNS.map((_, at) => `text ${row + at}`))]
    .map((cells) => cells.join(","))
    .join("\n");

test("a job whose rows do not fit into the catalog fails with what to set; whoever asks is told, and others' rows are there", async () => {
  const world = await makeWorld({ DATALAKE_DATABASE_MEMORY: "100MB", DATALAKE_DATABASE_THREADS: "1" });
  const run = (...args: string[]) => runProgram(world, args);
  const upload = async (rows: number, dataset: string, mode: string) => {
    const path = join(world.folder, `${dataset}.csv`);
    await writeFile(path, table(rows));
    const names = ["--type", "raw", "--provider", "hub", "--dataset", dataset];
    expect(await run("upload", path, ...names, "--mode", mode)).toMatchObject({ exit: 0 });
  };
  const process = async () => {
    const { exit, stdout } = await run("process", "start", "--wait", "--json");
    return { exit, job: JSON.parse(stdout) as JobRecord };
  };
  await upload(100, "wide", "create");
  expect((await process()).exit).toBe(0);
  await upload(600, "wide", "append");
  await writeFile(join(world.folder, "small.csv"), "a\n1\n");
  await run(
    "upload",
    join(world.folder, "small.csv"),
    "--type",
    "raw",
    "--provider",
    "hub",
    "--dataset",
    "small",
  );
  const { exit, job } = await process();
  const told = {
    code: "too_large",
    message: expect.stringMatching(/hub\/wide\/.* 100MB; set database\.memory/),
  };
  expect(exit).not.toBe(0);
  expect(job).toMatchObject({ status: "failed", error: told });
  expect(job.uploads.map(({ status }) => status)).toEqual(["completed", "completed"]);
  const partition = { provider: "hub", dataset: "wide", task: "raw" };
  const server = await startServe(world);
  try {
    const get = async (path: string) => (await fetch(`${server.url}${path}`)).json();
    expect(await get("/status")).toMatchObject({
      catalog: { left_out: [{ ...partition, ...told }], rows: 101 },
    });
    expect(await get("/catalog")).toMatchObject({ left_out: [{ ...partition, ...told }] });
  } finally {
    await server.stop();
  }
  expect(JSON.parse((await run("catalog", "info", "--json")).stdout)).toMatchObject({ left_out: [told] });
  expect((await run("doctor")).stdout).toContain("hub/wide/");
  expect((await run("catalog", "rebuild")).exit).toBe(1);
  world.env.DATALAKE_DATABASE_MEMORY = "1GB";
  expect((await run("catalog", "rebuild")).exit).toBe(0);
  const sql = `SELECT (SELECT count(c7) FROM "hub/wide") AS wide, (SELECT count(a) FROM "hub/small") AS small`;
  expect(JSON.parse((await run("sql", sql, "--json")).stdout).rows).toEqual([{ wide: 700, small: 1 }]);
  await rm(world.folder, { recursive: true });
});

test("an upload whose rows do not fit while they are processed fails with what to set, and is retried then", async () => {
  const world = await makeWorld();
  const path = join(world.folder, "large.jsonl");
  await writeFile(path, `${JSON.stringify({ label: { t: "x".repeat(60_000_000) } })}\n`);
  const names = ["--type", "raw", "--provider", "hub", "--dataset", "large"];
  expect(await runProgram(world, ["upload", path, ...names])).toMatchObject({ exit: 0 });
  Object.assign(world.env, { DATALAKE_DATABASE_MEMORY: "64MB", DATALAKE_DATABASE_THREADS: "1" });
  const tight = await runProgram(world, ["process", "start", "--wait", "--json"]);
  const [upload] = (JSON.parse(tight.stdout) as JobRecord).uploads;
  const message = expect.stringMatching(
    /^a row .* 64MB; set database\.memory higher, then run `datalake process retry u\w+`$/,
  );
  expect(upload).toMatchObject({ status: "failed", error: { code: "too_large", message } });
  world.env.DATALAKE_DATABASE_MEMORY = "1GB";
  await runProgram(world, ["process", "retry", upload?.upload_id ?? ""]);
  expect((await runProgram(world, ["process", "start", "--wait"])).exit).toBe(0);
  await rm(world.folder, { recursive: true });
});
