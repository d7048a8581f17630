import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compactPartition } from "../../src/catalog/compact.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import type { CommitStep } from "../../src/catalog/place.ts";
import { commitUpload } from "../../src/catalog/write.ts";
import { readPartitionMetadata } from "../../src/lake/manifests.ts";
import { UPLOAD_MODES, type UploadMode } from "../../src/schema/upload.ts";
import { fingerprintTree } from "../jobs/staging-kit.ts";
import { commit, KEY, makeManifest, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(120_000); // a machine that is busy elsewhere

const STEPS: CommitStep[] = ["write", "rename", "tidy", "done"];
const ROWS = "SELECT range AS id, md5(range::VARCHAR) AS text FROM range(3000)";

function stopAt(step: CommitStep | undefined) {
  return (at: CommitStep) => {
    if (at === step) throw new Error("dies here");
  };
}

/** Names and hashes of all that lies in the partition's folder. */
async function snapshot({ lake }: Workbench): Promise<Record<string, string>> {
  const files = Object.entries(await fingerprintTree(lake.layout.partition(KEY)));
  return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A partition with a base and a delta, then one upload that dies at a step and is replayed until it is through. */
async function disturbed(mode: UploadMode, step: CommitStep | undefined) {
  let after: Record<string, string> = {};
  await withLake(async (bench) => {
    const { lake, database } = bench;
    if (mode !== "create") {
      await commitAs(bench, "create", "u".padEnd(33, "1"));
      await commitAs(bench, "append", "u".padEnd(33, "2"));
    }
    const rowsBefore = (await readPartition(database, lake, KEY))?.rows ?? 0;
    const id = "u".padEnd(33, "3");
    await commitAs(bench, mode, id, step).catch((error) => expect(error.message).toBe("dies here"));
    const rowsAfter = mode === "append" ? rowsBefore + 3000 : 3000;
    const committed = step === "tidy" || step === "done" || step === undefined;
    const state = await readPartition(database, lake, KEY);
    expect(state?.rows ?? 0).toBe(committed ? rowsAfter : rowsBefore);
    expect((await commitAs(bench, mode, id)).replayed).toBe(committed);
    expect((await commitAs(bench, mode, id)).replayed).toBe(true);
    const healed = await readPartition(database, lake, KEY);
    expect(healed).toMatchObject({ rows: rowsAfter, deadFiles: [] });
    expect(await readPartitionMetadata(lake, KEY)).toMatchObject({
      version: healed?.version,
      rows: rowsAfter,
    });
    after = await snapshot(bench);
  });
  return after;
}

async function commitAs(bench: Workbench, mode: UploadMode, uploadId: string, step?: CommitStep) {
  const manifest = { ...makeManifest(mode), upload_id: uploadId };
  const request = { manifest, select: ROWS, rejected: 2, onStep: stopAt(step) };
  return commitUpload(bench.database, bench.lake, request);
}

for (const mode of UPLOAD_MODES) {
  test(`${mode}: dying at any step and replaying gives the bytes of an undisturbed run`, async () => {
    const expected = await disturbed(mode, undefined);
    for (const step of STEPS) expect(await disturbed(mode, step), step).toEqual(expected);
  });
}

test("compaction that dies at any step loses and doubles nothing", async () => {
  const results: Record<string, string>[] = [];
  for (const step of [...STEPS, undefined]) {
    await withLake(async (bench) => {
      const { lake, database } = bench;
      for (const at of [1, 2, 3])
        await commitAs(bench, at === 1 ? "create" : "append", "u".padEnd(33, String(at)));
      const compact = async (onStep: (at: CommitStep) => void) => {
        const state = await readPartition(database, lake, KEY);
        if (state && state.files.length > 1) {
          await compactPartition(database, lake, state, { onStep });
        }
      };
      await compact(stopAt(step)).catch((error) => expect(error.message).toBe("dies here"));
      expect(await readPartition(database, lake, KEY)).toMatchObject({ version: 3, rows: 9000 });
      await compact(stopAt(undefined));
      // What a death after the rename leaves is cleared by whatever looks at the partition next, here a replay.
      expect((await commitAs(bench, "append", "u".padEnd(33, "3"))).replayed).toBe(true);
      results.push(await snapshot(bench));
    });
  }
  for (const result of results) expect(result).toEqual(results.at(-1) ?? {});
  expect(Object.keys(results[0] ?? {})).toEqual(["_metadata.json", "base-00000003.parquet"]);
});

test("a missing delta is damage, not fewer rows", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    await commit(bench, "create", ROWS);
    await commit(bench, "append", ROWS);
    await commit(bench, "append", ROWS);
    await Bun.file(join(lake.layout.partition(KEY), "data-00000002.parquet")).delete();
    const error = await readPartition(database, lake, KEY).catch((thrown) => thrown);
    expect([error.code, error.message.includes("data-00000002.parquet")]).toEqual(["corrupt", true]);
    await Bun.file(join(lake.layout.partition(KEY), "data.parquet")).delete();
    const without = await readPartition(database, lake, KEY).catch((thrown) => thrown);
    expect(without.code).toBe("corrupt");
  }));

test("what the files say wins over _metadata.json, and is written there again", () =>
  withLake(async (bench) => {
    const { lake, database } = bench;
    await commitAs(bench, "create", "u".padEnd(33, "1"));
    const path = join(lake.layout.partition(KEY), "_metadata.json");
    const right = await readFile(path, "utf8");
    for (const text of [
      "{",
      right.replace('"rows": 3000', '"rows": 7'),
      right.replace('"nulls": 0', '"nulls": 1'),
    ]) {
      await Bun.write(path, text);
      await commitAs(bench, "create", "u".padEnd(33, "1"));
      const metadata = await readPartitionMetadata(lake, KEY);
      expect(metadata).toMatchObject({ rows: 3000, files: [{ rows: 3000 }] });
    }
    expect(await readPartition(database, lake, KEY)).toMatchObject({ rows: 3000 });
  }));
