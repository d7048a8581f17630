import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { shownNamesIn } from "../../src/lake/files.ts";
import { initLake, openLake } from "../../src/lake/lake.ts";
import { refuseNewNames } from "../../src/lake/taken-names.ts";
import { mountTwo } from "../rigs/fuse/two-mounts.ts";

setDefaultTimeout(120_000);

test("what another host has just made is seen before a name is made beside it", async () => {
  await using mounts = await mountTwo({ behaviour: "stale", staleMs: 600_000 });
  const { lake } = await initLake(join(mounts.backing, "lake"));
  const key = { provider: "p", dataset: "Foo", task: "raw", variant: "text" };
  await mkdir(lake.layout.partition({ ...key, dataset: "first" }), { recursive: true });
  const far = await openLake(join(mounts.a.at, "lake"));
  const datasets = far.layout.foldersOfNames(key, 1).catalog;
  expect(await shownNamesIn(datasets)).toEqual(["dataset=first"]);
  await mkdir(lake.layout.partition(key), { recursive: true });
  expect(await shownNamesIn(datasets)).toEqual(["dataset=first"]);
  await refuseNewNames(far, { ...key, dataset: "foo" });
  const looking = refuseNewNames(far, { ...key, dataset: "foo" }, { lookAnew: true });
  await expect(looking).rejects.toMatchObject({ code: "name_clash", details: { existing: "Foo" } });
});
