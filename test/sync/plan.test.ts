import { expect, test } from "bun:test";
import fc from "fast-check";
import { deltaFile } from "../../src/lake/layout.ts";
import { castsOf, copiedColumns, sharedColumns } from "../../src/sync/columns.ts";
import type { LakePartition, SyncManifest, Unfinished } from "../../src/sync/model.ts";
import { folderOf, planSync, type SyncPlan } from "../../src/sync/plan.ts";

const DAY_MS = 86_400_000;

function partition(
  dataset: string,
  baseVersion: number,
  version: number,
  type = "VARCHAR",
  upload = "u1",
): LakePartition {
  const deltas = Array.from({ length: version - baseVersion }, (_, at) => deltaFile(baseVersion + at + 1));
  return {
    provider: "aihub",
    dataset,
    task: "raw",
    variant: "text",
    base_version: baseVersion,
    version,
    files: ["data.parquet", ...deltas],
    columns: [{ name: "label", type, isEmpty: false }],
    first_upload: upload,
    last_upload: upload,
  };
}

/** What stands at the target: objects by key, where partitions are found, lists of them, what the sync wrote down. */
interface Target {
  objects: Map<string, string>;
  locations: Map<string, string>;
  generations: Set<number>;
  manifest: SyncManifest | undefined;
  unfinished: Unfinished | undefined;
}

const emptyTarget = (): Target => ({
  objects: new Map(),
  locations: new Map(),
  generations: new Set(),
  manifest: undefined,
  unfinished: undefined,
});

/** What an object holds: the very file of the lake, and the type it is written in. */
function contentOf({ dataset, base_version, version }: LakePartition, file: string, type: string): string {
  const own = file === "data.parquet" ? base_version : version;
  return `${dataset} ${file} of ${file === "data.parquet" ? own : "its delta"} as ${type}`;
}

class Killed extends Error {}

/**
 * Applies a plan one step at a time, as the engines do: to add what is there changes nothing, to move what is not is an
 * error. `look` is called after each step, as a query at that moment would see it, and may end it all.
 */
function apply(target: Target, plan: SyncPlan, lake: LakePartition[], nowMs: number, look: () => void): void {
  const byName = new Map(lake.map((one) => [one.dataset, one]));
  const type = plan.table.columns[0]?.type ?? "VARCHAR";
  if (!plan.upToDate) target.unfinished = plan.unfinished;
  for (const { partition, file, place } of plan.transfers) {
    const from = byName.get(partition.dataset) as LakePartition;
    target.objects.set(`${folderOf(partition, place)}/${file}`, contentOf(from, file, type));
    look();
  }
  if (plan.table.isNew) {
    target.locations.clear(); // the table is made anew: for a moment it is empty
    look();
  }
  for (const { key } of plan.resets) target.locations.delete(key.dataset);
  look();
  for (const { key, place } of [...plan.resets, ...plan.adds]) {
    if (!target.locations.has(key.dataset)) target.locations.set(key.dataset, folderOf(key, place));
    look();
  }
  for (const { key, place } of plan.moves) {
    if (!target.locations.has(key.dataset)) throw new Error("no such partition");
    target.locations.set(key.dataset, folderOf(key, place));
    look();
  }
  if (!plan.upToDate) target.generations.add(plan.generation);
  look();
  for (const { dataset } of plan.drops) {
    target.locations.delete(dataset);
    look();
  }
  for (const { folder, generation } of plan.removes) {
    for (const key of target.objects.keys()) if (key.startsWith(`${folder}/`)) target.objects.delete(key);
    if (generation !== undefined) target.generations.delete(generation);
    look();
  }
  const { generation, table, partitions, dead } = plan;
  if (plan.isManifestNew) {
    const synced_at = new Date(nowMs).toISOString();
    target.manifest = {
      format: 1,
      target: "athena",
      generation,
      synced_at,
      columns: table.columns,
      partitions,
      dead,
    };
  }
  look();
  target.unfinished = undefined;
}

/** The contents that a query finds for a partition. */
function seen(target: Target, dataset: string): string[] {
  const folder = target.locations.get(dataset);
  const keys = [...target.objects.keys()].filter(
    (key) => folder !== undefined && key.startsWith(`${folder}/`),
  );
  return keys.map((key) => target.objects.get(key) ?? "").sort();
}

const DATASETS = ["가", "나", "다"];
const change = fc.record({
  dataset: fc.constantFrom(...DATASETS),
  what: fc.constantFrom("create", "append", "replace", "compact", "remove", "retype", "restart"),
  hours: fc.integer({ min: 0, max: 48 }),
  /** After how many steps a sync is killed, if one is made at all. */
  sync: fc.option(fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 12 }))),
});

test("whatever happens to a lake and to its syncs, no query ever finds a mix, and what is replaced outlives the grace time", () =>
  fc.assert(
    fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
      const lake = new Map<string, LakePartition>();
      const target = emptyTarget();
      let generation = 0;
      let nowMs = 0;
      for (const [at, { dataset, what, hours, sync }] of changes.entries()) {
        nowMs += hours * 3_600_000;
        generation = what === "restart" ? 1 : generation + 1;
        changeLake(lake, dataset, what, `u${at}`);
        if (sync === null) continue;
        const partitions = [...lake.values()];
        const request = { target: "athena" as const, shared: false, generation, partitions, graceMs: DAY_MS };
        const now = () => ({ ...request, nowMs, before: target.manifest, unfinished: target.unfinished });
        const readable = [...target.locations.values()];
        const wereDead = new Set(target.manifest?.dead.map((dead) => dead.folder));
        let steps = 0;
        try {
          apply(target, planSync(now()), partitions, nowMs, () => {
            expectNoMix(target);
            if (++steps > sync) throw new Killed();
          });
        } catch (error) {
          if (!(error instanceof Killed)) throw error;
        }
        // What a query that began before this sync reads is still there, unless it died a day ago.
        for (const folder of readable) {
          if (wereDead.has(folder)) continue;
          expect([...target.objects.keys()].some((key) => key.startsWith(`${folder}/`))).toBe(true);
        }
        if (steps > sync) continue;
        for (const one of partitions) {
          expect(seen(target, one.dataset).length, one.dataset).toBe(one.files.length);
        }
        expect([...target.locations.keys()].sort()).toEqual([...lake.keys()].sort());
        expect(Math.max(...target.generations)).toBe(target.manifest?.generation ?? 0);
        const again = planSync(now());
        expect([again.upToDate, again.transfers, again.unfinished.keys]).toEqual([true, [], []]);
        // When all grace has passed, nothing is left but what is referred to.
        const late = emptyTarget();
        Object.assign(late, target, {
          objects: new Map(target.objects),
          generations: new Set(target.generations),
        });
        const lateMs = nowMs + DAY_MS;
        apply(late, planSync({ ...now(), nowMs: lateMs }), partitions, lateMs, () => expectNoMix(late));
        const live = new Set(late.locations.values());
        for (const key of late.objects.keys()) expect(live).toContain(key.slice(0, key.lastIndexOf("/")));
        expect([...late.generations]).toEqual([late.manifest?.generation ?? 0]);
      }
    }),
    { numRuns: 400 },
  ));

function changeLake(lake: Map<string, LakePartition>, dataset: string, what: string, upload: string): void {
  const old = lake.get(dataset);
  const { base_version: base = 0, version = 0, first_upload: first = upload } = old ?? {};
  const type = old?.columns[0]?.type ?? "VARCHAR";
  const made = (baseVersion: number, newest: number, as: string, by: string) =>
    lake.set(dataset, partition(dataset, baseVersion, newest, as, by));
  if (what === "remove") lake.delete(dataset);
  else if (what === "append" && old) made(base, version + 1, type, first);
  else if (what === "compact" && old) made(version, version, type, first);
  else if (what === "retype") made(version + 1, version + 1, "BIGINT", upload);
  else made(version + 1, version + 1, type, upload);
}

function expectNoMix(target: Target): void {
  for (const name of DATASETS) {
    const now = seen(target, name);
    expect(now.filter((content) => content.includes(" data.parquet ")).length).toBeLessThanOrEqual(1);
    expect(new Set(now.map((content) => content.split(" as ")[1])).size).toBeLessThanOrEqual(1);
  }
}

test("an append sends one file and moves nothing", () => {
  const request = { target: "athena" as const, shared: false, graceMs: DAY_MS, nowMs: 0 };
  const lake = [partition("가", 1, 1), partition("나", 1, 1)];
  const first = planSync({ ...request, generation: 1, partitions: lake, before: undefined });
  const target = emptyTarget();
  apply(target, first, lake, 0, () => {});
  const next = planSync({
    ...request,
    generation: 2,
    partitions: [partition("가", 1, 2), partition("나", 1, 1)],
    before: target.manifest,
  });
  expect(next.transfers.map(({ file }) => file)).toEqual([deltaFile(2)]);
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
  expect(castsOf(number, new Map([["label", "DECIMAL(20,0)"]]))).toHaveLength(1);
});

test("files with a column without values are written in the table's type, or the column is left out", () => {
  const text = partition("가", 1, 1);
  const ofNulls = (type: string) => ({ ...text, columns: [{ name: "label", type, isEmpty: true }] });
  const table = new Map([["label", "VARCHAR"]]);
  expect(castsOf(ofNulls("DATE"), table)).toEqual([{ name: "label", type: "VARCHAR", isEmpty: true }]);
  expect(castsOf(ofNulls("VARCHAR"), table)).toEqual([]);
  expect(sharedColumns([text, ofNulls("DATE")]).leftOut).toEqual(["label"]);
  expect(sharedColumns([text, ofNulls("INTEGER")]).leftOut).toEqual([]);
});

test("lists without values are written in the type of the others, or the column is left out", () => {
  const numbers = partition("가", 1, 1, "BIGINT[]");
  const columns = [{ name: "label", type: "VARCHAR[]", isEmpty: false, open: true }];
  const open = { ...partition("나", 1, 1), columns };
  const casts = [{ name: "label", type: "BIGINT[]" }];
  for (const partitions of [
    [open, numbers],
    [numbers, open],
  ]) {
    expect(copiedColumns(partitions).columns).toEqual(casts);
    expect(sharedColumns(partitions)).toEqual({ columns: [], leftOut: ["label"] });
  }
  expect(castsOf(open, new Map([["label", "BIGINT[]"]]))).toEqual(casts);
  expect(copiedColumns([open]).columns).toEqual([{ name: "label", type: "VARCHAR[]" }]);
});

test("over the lake's own folder a new base lies in another place than the files that it replaces", () => {
  const request = { target: "trino" as const, shared: true, graceMs: DAY_MS, nowMs: 0 };
  const first = planSync({
    ...request,
    generation: 1,
    partitions: [partition("가", 1, 2)],
    before: undefined,
  });
  expect(first.transfers.map(({ file, casts }) => [file, casts])).toEqual([
    ["data.parquet", []],
    [deltaFile(2), []],
  ]);
  const { table, partitions, dead } = first;
  const before: SyncManifest = {
    format: 1,
    target: "trino",
    generation: 1,
    synced_at: "",
    columns: table.columns,
    partitions,
    dead,
  };
  const after = planSync({ ...request, generation: 2, partitions: [partition("가", 3, 3)], before });
  expect(after.moves).toHaveLength(1);
  expect(after.moves[0]?.place).not.toBe(first.adds[0]?.place ?? "");
  expect(after.dead.map(({ folder }) => folder)).toContain(
    folderOf(partition("가", 1, 2), first.adds[0]?.place ?? ""),
  );
  // Version 0.1.0 pointed the table to the partition's own folder, which is not ours to remove.
  const old = { ...before, partitions: partitions.map((one) => ({ ...one, place: "" })) };
  const moved = planSync({ ...request, generation: 2, partitions: [partition("가", 1, 2)], before: old });
  expect([moved.moves.length, moved.transfers.length]).toEqual([1, 2]);
  expect(moved.dead.map(({ folder }) => folder)).toEqual(["partitions/generation=1"]);
});
