/** Each reader of a small file beside the catalog, after each kind of change, beside one file that holds all: it takes long. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { copyFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { compactPartition } from "../../src/catalog/compact.ts";
import { catalogInfo } from "../../src/catalog/info.ts";
import { readPartition } from "../../src/catalog/partition.ts";
import { exists } from "../../src/lake/files.ts";
import { identifyCatalog } from "../../src/query/duckdb/catalog-file.ts";
import { commit, KEY, refresh, type Workbench } from "./lakes.ts";
import { facts, quickly, rowsOf, withSmallLake } from "./recent-kit.ts";

setDefaultTimeout(300_000); // a machine that is busy elsewhere

const OTHER = { ...KEY, dataset: "007" };
const OWN = { ...KEY, dataset: "odd", variant: "words" };
const inode = async (path: string) => (await stat(path)).ino;

type Step = { does: string; isQuick: boolean; act: (bench: Workbench) => Promise<unknown> };
const STEPS: Step[] = [
  { does: "an append", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(20, "b")) },
  { does: "another", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(7, "c")) },
  { does: "a new partition", isQuick: true, act: (bench) => commit(bench, "create", rowsOf(9, "c"), OTHER) },
  {
    does: "a new partition with columns of its own",
    isQuick: true,
    act: (bench) =>
      commit(bench, "create", "SELECT 'row b' AS word, 1.5 AS x, range AS id FROM range(4)", OWN),
  },
  {
    does: "a text that is not composed",
    isQuick: true,
    act: (bench) =>
      commit(bench, "append", `SELECT 1::BIGINT AS id, '${"가나".normalize("NFD")}' AS text, ['tc'] AS tags`),
  },
  {
    does: "an append to what is new",
    isQuick: true,
    act: (bench) => commit(bench, "append", rowsOf(5, "d"), OTHER),
  },
  {
    does: "a compaction, with an append behind it",
    isQuick: true,
    act: async (bench) => {
      const state = await readPartition(bench.database, bench.lake, KEY);
      if (state) await compactPartition(bench.database, bench.lake, state);
      await commit(bench, "append", rowsOf(2, "e"));
    },
  },
  {
    does: "a column more",
    isQuick: false,
    act: (bench) => commit(bench, "append", "SELECT 1::BIGINT AS id, 'row b' AS text, 'x' AS note"),
  },
  { does: "an append behind that", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(3, "b")) },
  { does: "a replacement", isQuick: false, act: (bench) => commit(bench, "replace", rowsOf(30, "c"), OTHER) },
  { does: "an append again", isQuick: true, act: (bench) => commit(bench, "append", rowsOf(3, "f")) },
  {
    does: "a removal",
    isQuick: false,
    act: ({ lake }) => rm(lake.layout.partition(OWN), { recursive: true }),
  },
];

test("every reader finds the same as in one file; what changes rows that are there is published whole", () =>
  withSmallLake(async (bench) => {
    const { catalogFile, recentFile } = bench.lake.layout;
    await commit(bench, "create", rowsOf(300, "a"));
    await quickly(bench);
    expect(await exists(recentFile)).toBe(false);
    for (const { does, isQuick, act } of STEPS) {
      const before = { whole: await inode(catalogFile), identity: await identifyCatalog(catalogFile) };
      const { generation } = await catalogInfo(bench);
      await act(bench);
      expect(await quickly(bench), does).toMatchObject({ generation: generation + 1, failed: [] });
      expect((await inode(catalogFile)) === before.whole, does).toBe(isQuick);
      expect(await exists(recentFile), does).toBe(isQuick);
      expect(await identifyCatalog(catalogFile), does).not.toBe(before.identity);
      expect(await quickly(bench), does).toMatchObject({ generation: generation + 1, refreshed: 0 });
      const seen = await facts(bench);
      expect(seen.checked, does).toMatch(/^ holds/);
      // As one file says it: a copy of the lake, built anew.
      await copyFile(catalogFile, join(bench.folder, "whole"));
      const recent = isQuick ? await Bun.file(recentFile).bytes() : undefined;
      await refresh(bench, { full: true });
      expect(await exists(recentFile), does).toBe(false);
      expect(seen, does).toEqual(await facts(bench));
      await copyFile(join(bench.folder, "whole"), catalogFile);
      if (recent) await writeFile(recentFile, recent);
    }
  }));
