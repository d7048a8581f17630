import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { compactPartition } from "../../src/catalog/compact.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import { commitUpload } from "../../src/catalog/write.ts";
import { METADATA_FILE } from "../../src/lake/layout.ts";
import type { UploadMode } from "../../src/schema/upload.ts";
import { commit, KEY, makeManifest, query, refresh, type Workbench, withLake } from "./lakes.ts";

setDefaultTimeout(120_000);

/** Commits rows of which the upload says that no value gives `column` a type. */
async function commitOpen(
  { lake, database }: Workbench,
  mode: UploadMode,
  values: string,
  type = "VARCHAR[]",
) {
  const manifest = { ...makeManifest(mode), columns: [{ name: "tags", type, open: true }] };
  const select = `SELECT unnest(${values}) AS tags`;
  return (await commitUpload(database, lake, { manifest, select, rejected: 0 })).state;
}

async function tagsOf({ lake, database }: Workbench) {
  const state = await readPartition(database, lake, KEY);
  return state?.columns.map(({ type, open }) => ({ type, open: open ?? false }))[0];
}

test("what an upload says of its columns counts where no value contradicts it", () =>
  withLake(async (bench) => {
    for (const [values, type, open] of [
      ["[[]::VARCHAR[], NULL]", "VARCHAR[]", true],
      ["[[NULL, NULL], []]::VARCHAR[][]", "VARCHAR[]", true],
      ["[[[], NULL], [[NULL]]]::VARCHAR[][][]", "VARCHAR[][]", true],
      ["[[''], []]::VARCHAR[][]", "VARCHAR[]", false],
      ["[['null'], []]::VARCHAR[][]", "VARCHAR[]", false],
      ["[[['\"']]]::VARCHAR[][][]", "VARCHAR[][]", false],
      ["[[], []]::BIGINT[][]", "BIGINT[]", false],
    ] as const) {
      const { columns } = await commitOpen(bench, "replace", values, type);
      expect([values, columns[0]?.type, columns[0]?.open ?? false]).toEqual([values, type, open]);
    }
    await commit(bench, "replace", "SELECT []::VARCHAR[] AS tags"); // as earlier versions and stated types are
    expect(await tagsOf(bench)).toEqual({ type: "VARCHAR[]", open: false });
  }));

test("the files say it themselves, after a compaction too", () =>
  withLake(async (bench) => {
    await commitOpen(bench, "create", "[[]::VARCHAR[]]");
    const state = await commitOpen(bench, "append", "[[[]]::VARCHAR[][]]", "VARCHAR[][]");
    await compactPartition(bench.database, bench.lake, state);
    await rm(join(bench.lake.layout.partition(KEY), METADATA_FILE));
    expect(await tagsOf(bench)).toEqual({ type: "VARCHAR[][]", open: true });
    await commit(bench, "append", "SELECT [[7::BIGINT]] AS tags");
    expect(await tagsOf(bench)).toEqual({ type: "BIGINT[][]", open: false });
  }));

test("a catalog takes over what it held of a partition whose type came later", () =>
  withLake(async (bench) => {
    await commitOpen(bench, "create", "[[]::VARCHAR[], [NULL], NULL]");
    await refresh(bench);
    await commit(bench, "append", "SELECT [7::BIGINT] AS tags");
    await refresh(bench);
    const rows = await query(bench, "SELECT tags, typeof(tags) AS type FROM catalog");
    expect(rows).toEqual([[], [null], null, [7]].map((tags) => ({ tags, type: "BIGINT[]" })));
  }));

test("a catalog whose table does not say which columns are open is read and goes on", () =>
  withLake(async (bench) => {
    await commitOpen(bench, "create", "[[]::VARCHAR[]]");
    await refresh(bench);
    const { database, lake } = bench;
    await database.run(`ATTACH '${lake.layout.catalogFile}' AS earlier`);
    await database.run("ALTER TABLE earlier.partitions DROP COLUMN open_columns");
    await database.run("DETACH earlier");
    await commit(bench, "create", "SELECT [7::BIGINT] AS tags", { ...KEY, dataset: "둘" });
    await refresh(bench);
    const rows = await query(bench, "SELECT DISTINCT typeof(tags) AS type FROM catalog");
    expect(rows).toEqual([{ type: "VARCHAR[]" }]);
    await refresh(bench, { full: true });
    const again = await query(bench, "SELECT DISTINCT typeof(tags) AS type FROM catalog");
    expect(again).toEqual([{ type: "BIGINT[]" }]);
  }));
