/** Assets that are not what the catalog says of them. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readdir, truncate } from "node:fs/promises";
import { join } from "node:path";
import { makeImage, makeWorld, runProgram, stageUpload } from "../jobs/staging-kit.ts";

setDefaultTimeout(120_000);

test("an asset that was cut short is not delivered as an image", async () => {
  const world = await makeWorld();
  const rows = await Promise.all([1, 2].map(async (at) => ({ text: `${at}`, image: await makeImage(at) })));
  await stageUpload(world, rows);
  expect((await runProgram(world, ["process", "start", "--wait"])).exit).toBe(0);
  const { assets } = world.lake.layout;
  const files = (await readdir(assets, { recursive: true })).filter((name) => name.endsWith(".jpg"));
  await truncate(join(assets, files[0] ?? ""), 5);
  const output = join(world.folder, "rows.parquet");
  const failing = await runProgram(world, ["download", "--output", output]);
  expect(failing.exit).toBe(4);
  expect(failing.stderr).toContain("is missing or damaged");
  const rest = await runProgram(world, ["download", "--output", output, "--skip-missing", "--json"]);
  expect(JSON.parse(rest.stdout)).toMatchObject({ rows: 1 });
});

test("an output whose ending and format disagree is refused", async () => {
  const world = await makeWorld();
  for (const argv of [
    ["--output", "x.csv"],
    ["--output", "x.parquet", "--format", "arrow"],
    ["--output", "x.arrow", "--format", "dataset"],
  ]) {
    const { exit, stderr } = await runProgram(world, ["download", ...argv]);
    expect({ argv, exit, named: stderr.includes("--output") }).toEqual({ argv, exit: 2, named: true });
  }
});
