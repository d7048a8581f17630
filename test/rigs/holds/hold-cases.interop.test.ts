import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { runHoldCase } from "./hold-case.ts";
import { makeTemplate, removeTemplate, type Template } from "./world.ts";

/** Samples of `bun run rigs holds`, which holds back every rename and link. */

setDefaultTimeout(600_000);

let template: Template;
beforeAll(async () => {
  template = await makeTemplate();
});
afterAll(() => removeTemplate(template));

for (const [what, held] of [
  // The first base is that of a replacement.
  ["compaction", { story: "job", move: 1, target: "lake/catalog/**/base-*.parquet" }],
  // Its file is taken away while it waits to put it in its place.
  ["catalog", { story: "rebuild", move: 1, target: "lake/.probe-*/old" }],
  ["change of a setting", { story: "config", move: 0, target: "lake/config/schema.yaml" }],
  ["copy for an engine", { story: "sync", move: 0, target: "lake/sync/trino/**" }],
  ["description of a partition", { story: "job", move: 0, target: "lake/catalog/**/_metadata.json" }],
] as const) {
  test(`a ${what} that arrives after another host took over takes nothing from it`, async () => {
    const outcome = await runHoldCase(template, held);
    expect(outcome.held).toBeDefined();
    expect(outcome.faults).toEqual([]);
  });
}
