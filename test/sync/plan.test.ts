import { expect, test } from "bun:test";
import fc from "fast-check";
import { castsOf, sharedColumns } from "../../src/sync/columns.ts";
import type { LakePartition, SyncManifest } from "../../src/sync/model.ts";
import { planSync, type SyncPlan } from "../../src/sync/plan.ts";

const DAY_MS = 86_400_000;

function partition(
  dataset: string,
  baseVersion: number,
  version: number,
  type = "VARCHAR",
  upload = "u1",
): LakePartition {
  const deltas = Array.from(
    { length: version - baseVersion },
    (_, at) => `data-${baseVersion + at + 1}.parquet`,
  );
  return {
    provider: "aihub",
    dataset,
    task: "raw",
    variant: "text",
    rows: version,
    bytes: version,
    base_version: baseVersion,
    version,
    files: ["data.parquet", ...deltas],
    columns: [{ name: "label", type, nulls: 0 }],
    features: "{}",
    uploads: [upload],
  };
}

/** What stands at the target: objects by key, where partitions are found, the type of the column. */
interface Target {
  objects: Map<string, string>;
  locations: Map<string, string>;
  type: string | undefined;
}

/** What an object holds: the very file of the lake, and the type it is written in. */
function contentOf({ dataset, base_version, version }: LakePartition, file: string, type: string): string {
  const own = file === "data.parquet" ? base_version : version;
  return `${dataset} ${file} of ${file === "data.parquet" ? own : "its delta"} as ${type}`;
}

/** Applies a plan one step at a time; `look` is called after each, as a query at that moment would see it. */
function apply(
  target: Target,
  plan: SyncPlan,
  lake: LakePartition[],
  nowMs: number,
  look: () => void,
): SyncManifest {
  const byName = new Map(lake.map((one) => [one.dataset, one]));
  const type = plan.table.columns[0]?.type ?? "VARCHAR";
  for (const { key, file, folder } of plan.transfers) {
    const from = byName.get(key.dataset) as LakePartition;
    target.objects.set(`${folder}/${file}`, contentOf(from, file, type));
    if (!plan.table.isNew) look();
  }
  if (plan.table.isNew) {
    target.locations.clear(); // the table is made anew: for a moment it is empty
    target.type = type;
  }
  for (const { key, folder } of [...plan.adds, ...plan.moves]) {
    target.locations.set(key.dataset, folder);
    look();
  }
  for (const { dataset } of plan.drops) {
    target.locations.delete(dataset);
    look();
  }
  for (const { prefix } of plan.removes) {
    for (const key of target.objects.keys()) if (key.startsWith(prefix)) target.objects.delete(key);
    look();
  }
  return {
    format: 1,
    target: "athena",
    generation: plan.generation,
    synced_at: new Date(nowMs).toISOString(),
    columns: plan.table.columns,
    partitions: plan.partitions,
    dead: plan.dead,
  };
}

/** The contents that a query finds for a partition. */
function seen(target: Target, dataset: string): string[] {
  const folder = target.locations.get(dataset);
  const keys = [...target.objects.keys()].filter(
    (key) => folder !== undefined && key.startsWith(`${folder}/`),
  );
  return keys.map((key) => target.objects.get(key) ?? "").sort();
}

const change = fc.record({
  dataset: fc.constantFrom("가", "나", "다"),
  what: fc.constantFrom("create", "append", "replace", "compact", "remove", "retype"),
  hours: fc.integer({ min: 0, max: 48 }),
  sync: fc.boolean(),
});

test("whatever happens to a lake, no query ever finds a mix, and what is replaced outlives the grace time", () =>
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
      const lake = new Map<string, LakePartition>();
      const target: Target = { objects: new Map(), locations: new Map(), type: undefined };
      let manifest: SyncManifest | undefined;
      let generation = 0;
      let nowMs = 0;
      for (const { dataset, what, hours, sync } of changes) {
        nowMs += hours * 3_600_000;
        const old = lake.get(dataset);
        const { base_version: base = 0, version = 0 } = old ?? {};
        const type = old?.columns[0]?.type ?? "VARCHAR";
        generation++;
        const upload = old?.uploads[0] ?? "";
        const next = `u${generation}`;
        if (what === "remove") lake.delete(dataset);
        else if (what === "append" && old)
          lake.set(dataset, partition(dataset, base, version + 1, type, upload));
        else if (what === "compact" && old)
          lake.set(dataset, partition(dataset, version, version, type, upload));
        else if (what === "retype")
          lake.set(dataset, partition(dataset, version + 1, version + 1, "BIGINT", next));
        else lake.set(dataset, partition(dataset, version + 1, version + 1, type, next));
        if (!sync) continue;
        const partitions = [...lake.values()];
        const request = {
          target: "athena" as const,
          shared: false,
          generation,
          partitions,
          nowMs,
          graceMs: DAY_MS,
        };
        const plan = planSync({ ...request, before: manifest });
        const before = new Map(["가", "나", "다"].map((name) => [name, seen(target, name)]));
        const readable = new Set(Array.from(target.locations.values()));
        const manifestBefore = manifest;
        manifest = apply(target, plan, partitions, nowMs, () => {
          for (const name of ["가", "나", "다"]) {
            const now = seen(target, name);
            const bases = now.filter((content) => content.includes(" data.parquet "));
            expect(bases.length).toBeLessThanOrEqual(1);
            expect(new Set(now.map((content) => content.split(" as ")[1])).size).toBeLessThanOrEqual(1);
          }
        });
        expect(before.size).toBe(3);
        for (const one of partitions) {
          expect(seen(target, one.dataset).length, one.dataset).toBe(one.files.length);
        }
        expect([...target.locations.keys()].sort()).toEqual([...lake.keys()].sort());
        // What a query that began before this sync reads is still there, unless it died a day ago.
        for (const folder of readable) {
          const wasDead = manifestBefore?.dead.some((dead) => dead.prefix === `${folder}/`);
          if (!wasDead)
            expect([...target.objects.keys()].some((key) => key.startsWith(`${folder}/`))).toBe(true);
        }
        const again = planSync({ ...request, before: manifest });
        expect([again.upToDate, again.transfers, again.adds, again.moves, again.drops]).toEqual([
          true,
          [],
          [],
          [],
          [],
        ]);
      }
    }),
    { numRuns: 200 },
  ));

test("an append sends one file and moves nothing", () => {
  const request = { target: "athena" as const, shared: false, graceMs: DAY_MS, nowMs: 0 };
  const lake = [partition("가", 1, 1), partition("나", 1, 1)];
  const first = planSync({ ...request, generation: 1, partitions: lake, before: undefined });
  const target: Target = { objects: new Map(), locations: new Map(), type: undefined };
  const before = apply(target, first, lake, 0, () => {});
  const next = planSync({
    ...request,
    generation: 2,
    partitions: [partition("가", 1, 2), partition("나", 1, 1)],
    before,
  });
  expect(next.transfers.map(({ file }) => file)).toEqual(["data-2.parquet"]);
  expect([next.adds, next.moves, next.drops, next.table.isNew]).toEqual([[], [], [], false]);
});

test("columns of two types are written in one, or left out where nothing is written", () => {
  const [text, number] = [partition("가", 1, 1), partition("나", 1, 1, "UBIGINT")];
  const plan = planSync({
    target: "trino",
    shared: false,
    generation: 1,
    partitions: [text, number],
    before: undefined,
    nowMs: 0,
    graceMs: 0,
  });
  expect(plan.table.columns).toEqual([{ name: "label", type: "VARCHAR" }]);
  expect(plan.transfers.map(({ casts }) => casts.length)).toEqual([0, 1]);
  expect(sharedColumns([text, number])).toEqual({ columns: [], leftOut: ["label"] });
  expect(sharedColumns([number]).leftOut).toEqual(["label"]);
  expect(castsOf(number, [{ name: "label", type: "DECIMAL(20,0)" }])).toHaveLength(1);
});
