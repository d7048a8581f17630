import { expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { openWork } from "../../src/jobs/work.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { acquireLease } from "../../src/lake/lease.ts";
import { silentLogger } from "../../src/log.ts";
import { createJobId } from "../../src/schema/names.ts";
import { makeImage, makeWorld, readRows, runProgram, stageUpload } from "./staging-kit.ts";

setDefaultTimeout(120_000);

test("of two waiting uploads whose names differ only in case the second fails, and its data stays", async () => {
  const world = await makeWorld();
  const page = async (seed: number) => [{ text: "", name: `${seed}.jpg`, image: await makeImage(seed) }];
  await stageUpload(world, await page(1), { dataset: "Foo" });
  const second = await stageUpload(world, await page(2), { dataset: "foo" });
  await stageUpload(world, await page(3), { dataset: "nul" });
  const { exit, stdout } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect(exit).toBe(1);
  const codes = JSON.parse(stdout).uploads.map((one: { error?: { code: string } }) => one.error?.code);
  expect(codes).toEqual([undefined, "name_clash", "invalid_name"]);
  const kept = createUploadLayout(world.lake.layout.upload("failed", second));
  const error = JSON.parse(await readFile(kept.error.stagedAt, "utf8"));
  expect(error.message).toContain("Foo (catalog/provider=hub/dataset=Foo)");
  expect(await Bun.file(kept.rows.stagedAt).exists()).toBe(true);
  expect(await readRows(world, "raw", "image", "Foo")).toHaveLength(1);

  // As version 0.1.0 left it: both are there, and one that Windows keeps.
  const { layout } = world.lake;
  const partition = (dataset: string) => ({ provider: "hub", dataset });
  await stageUpload(world, await page(4), { dataset: "other" });
  await stageUpload(world, await page(5), { dataset: "device" });
  await runProgram(world, ["process", "start", "--wait", "--quiet"]);
  for (const [made, name] of [
    ["other", "foo"],
    ["device", "con"],
  ] as const) {
    await rename(layout.datasetCatalog(partition(made)), layout.datasetCatalog(partition(name)));
    await rename(layout.datasetAssets(partition(made)), layout.datasetAssets(partition(name)));
  }
  for (const dataset of ["foo", "Foo", "con"])
    await stageUpload(world, await page(6), { dataset, mode: "append" });
  const added = await runProgram(world, ["process", "start", "--wait", "--json"]);
  expect([added.exit, added.stdout]).toEqual([0, expect.any(String)]);
  for (const dataset of ["foo", "Foo", "con"])
    expect(await readRows(world, "raw", "image", dataset)).toHaveLength(2);
  const rebuilt = await runProgram(world, ["catalog", "rebuild", "--full", "--json", "--quiet"]);
  expect([rebuilt.exit, rebuilt.stderr]).toEqual([0, ""]);
  const { stdout: told } = await runProgram(world, ["doctor", "--json"]);
  const names = JSON.parse(told).checks.filter((check: { name: string }) => check.name === "names");
  expect(names.map((check: { status: string; message: string }) => [check.status, check.message])).toEqual([
    ["warning", expect.stringContaining("dataset hub/Foo and hub/foo")],
    ["warning", expect.stringContaining("hub/con")],
  ]);
});

test("a name that comes between an upload's claim and its commit refuses the commit", async () => {
  const world = await makeWorld();
  const { lake, settings, folder } = world;
  const lease = await acquireLease(lake.layout.workLease, { purpose: "a test" });
  const other = { provider: "hub", dataset: "Late", task: "raw", variant: "image" };
  const work = await openWork({
    lake,
    settings,
    jobId: createJobId(),
    folder: join(folder, "job"),
    workerUrl: new URL("../../src/worker.ts", import.meta.url),
    holder: lease.holder,
    confirm: lease.confirm,
    logger: silentLogger,
    onProgress: ({ step }) => {
      if (step.startsWith("publishing")) mkdirSync(lake.layout.partition(other), { recursive: true });
    },
  });
  try {
    const upload_id = await stageUpload(world, [{ text: "a" }], { dataset: "late", variant: "text" });
    const outcome = await work.process(
      { type: "process", upload_id, suspects: [], quarantined: [] },
      new AbortController().signal,
    );
    expect(outcome).toMatchObject({ status: "failed", error: { code: "name_clash" } });
    expect(existsSync(lake.layout.upload("failed", upload_id))).toBe(true);
    expect(existsSync(lake.layout.datasetCatalog({ provider: "hub", dataset: "late" }))).toBe(false);
  } finally {
    await work.close();
    await lease.release();
  }
});
