import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { checkLake } from "../lake-check.ts";
import { makeTortureWorld, type TortureWorld, torture } from "./torture.ts";

setDefaultTimeout(900_000);

let world: TortureWorld;
beforeAll(async () => {
  world = await makeTortureWorld();
});
afterAll(() => rm(world.folder, { recursive: true, force: true }));

test("no acknowledged upload is lost or doubled while everything is killed at random", async () => {
  expect(await torture(world, { seed: 1, minutes: 1, say: () => {} })).toEqual([]);
  expect(world.acknowledged.length).toBeGreaterThan(0);
});

test("a committed file that vanishes, and an upload that never came, are found out", async () => {
  const { lake, acknowledged } = world;
  const names = await readdir(join(lake, "catalog"), { recursive: true });
  const [victim = ""] = names.filter((name) => name.endsWith(".parquet")).sort();
  await rm(join(lake, "catalog", victim));
  const none = {
    upload_id: `u${"0".repeat(32)}`,
    rows: 1,
    partition: "provider=hub/dataset=none/task=raw/variant=mixed",
  };
  const found = await checkLake(lake, { acknowledged: [...acknowledged, none] });
  expect(found.some((fault) => fault.includes(victim.slice(0, victim.lastIndexOf("/"))))).toBe(true);
  expect(found).toContain(`${none.upload_id} (1 rows for ${none.partition}) is lost`);
});
