import { expect, test } from "bun:test";
import { join } from "node:path";
import { describeLake, initLake, openLake } from "../../src/lake/lake.ts";
import { DEFAULT_MODES } from "../../src/lake/modes.ts";
import { readTaxonomy } from "../../src/lake/taxonomy.ts";
import { addProvider, addTask } from "../../src/lake/taxonomy-changes.ts";
import { createView, mayLag } from "../../src/lake/view.ts";
import { mountTwo } from "../rigs/fuse/two-mounts.ts";

test("editors on two mounts that show old states lose nothing, and readers see whole files", async () => {
  await using mounts = await mountTwo({ behaviour: "stale" });
  expect(await mayLag(mounts.a.at)).toBe(true);
  const root = (at: string) => join(at, "lake");
  await initLake(root(mounts.a.at));
  const lakes = [mounts.a.at, mounts.b.at].map((at) => describeLake(root(at), DEFAULT_MODES, createView()));
  const [a, b] = lakes as [(typeof lakes)[0], (typeof lakes)[0]];
  await addTask(a, "ocr", { description: "", required: ["lang"], allow: { lang: ["ko", "en"] } });
  await readTaxonomy(b); // b knows the size that the file has now
  for (let round = 0; round < 3; round++) {
    const names = [0, 1, 2, 3].map((at) => `p${round}-${at}`);
    await Promise.all(names.map((name, at) => addProvider(at % 2 === 0 ? a : b, name, { description: "" })));
  }
  for (const lake of [...lakes, await openLake(root(mounts.backing))]) {
    const { providers, tasks } = await readTaxonomy(lake);
    expect(Object.keys(providers)).toHaveLength(12);
    expect(tasks.ocr?.allow).toEqual({ lang: ["ko", "en"] });
  }
}, 120_000);
