import { describe, expect, test } from "bun:test";
import { relative } from "node:path";
import fc from "fast-check";
import { lakeFolders } from "../../src/lake/lake.ts";
import {
  baseFile,
  createLayout,
  deltaFile,
  parseDeltaFile,
  parsePartitionPath,
  sortPartitionNames,
} from "../../src/lake/layout.ts";
import { nameProblem } from "../../src/schema/names.ts";

const layout = createLayout("/lake");
const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .map((text) => text.normalize("NFC"))
  .filter((text) => nameProblem(text) === undefined);
const key = fc.record({ provider: name, dataset: name, task: name, variant: name });

describe("createLayout", () => {
  test("every folder lies in the lake, those above before those below", () => {
    const folders = lakeFolders(layout);
    for (const [at, folder] of folders.entries()) {
      expect(relative("/lake", folder).startsWith("..")).toBe(false);
      expect(folders.slice(0, at + 1)).toContain(
        at === 0 ? "/lake" : folder.slice(0, folder.lastIndexOf("/")),
      );
    }
  });

  test("no name leads out of its folder, and a path tells its partition", () => {
    fc.assert(
      fc.property(key, (partition) => {
        const path = relative(layout.catalog, layout.partition(partition));
        expect(path.split("/")).toHaveLength(4);
        expect(parsePartitionPath(path)).toEqual(partition);
        expect(layout.datasetAssets(partition).split("/")).toHaveLength(5);
      }),
    );
  });

  test("an asset lies in the folders of its hash", () => {
    const hash = `abcd${"0".repeat(60)}`;
    const path = layout.assetPath({ provider: "p", dataset: "d" }, hash, "jpg");
    expect(path).toBe(`provider=p/dataset=d/ab/cd/${hash}.jpg`);
    expect(layout.asset(path)).toBe(`/lake/assets/${path}`);
  });
});

test("a partition's path from a file system that decomposes letters is composed again", () => {
  const path = "provider=가/dataset=나/task=ocr/variant=v".normalize("NFD");
  expect(parsePartitionPath(path)).toEqual({ provider: "가", dataset: "나", task: "ocr", variant: "v" });
  for (const wrong of ["", "provider=a", "dataset=a/provider=b/task=c/variant=d", `${path}/x`]) {
    expect(parsePartitionPath(wrong)).toBeUndefined();
  }
});

test("a delta's name tells its version, and no other name does", () => {
  expect(deltaFile(12)).toBe("data-00000012.parquet");
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e12 }), (version) => {
      expect(parseDeltaFile(deltaFile(version))).toBe(version);
    }),
  );
  for (const wrong of [
    "data.parquet",
    "data-1.parquet",
    ".data-00000001.parquet",
    "data-00000001.parquet.tmp",
  ]) {
    expect(parseDeltaFile(wrong)).toBeUndefined();
  }
});

test("the newest base counts with the deltas above it, in whatever order names are listed", () => {
  expect([baseFile(1), baseFile(12)]).toEqual(["data.parquet", "base-00000012.parquet"]);
  const version = fc.integer({ min: 1, max: 30 });
  const shuffled = (names: string[]) => fc.shuffledSubarray(names, { minLength: names.length });
  const folder = fc
    .tuple(fc.uniqueArray(version), fc.uniqueArray(version))
    .chain(([bases, deltas]) =>
      fc.tuple(
        fc.constant({ bases, deltas }),
        shuffled([...bases.map(baseFile), ...deltas.map(deltaFile), "_metadata.json", "data.parquet.old"]),
      ),
    );
  fc.assert(
    fc.property(folder, ([{ bases, deltas }, names]) => {
      const newest = Math.max(0, ...bases);
      const { base, deltas: live, dead } = sortPartitionNames(names);
      expect(base).toBe(bases.length === 0 ? undefined : baseFile(newest));
      // What `data.parquet` contains, it says itself.
      const floor = newest <= 1 ? 0 : newest;
      expect(live).toEqual(deltas.filter((one) => one > floor).sort((a, b) => a - b));
      expect(dead).toHaveLength(bases.length + deltas.length - live.length - (base === undefined ? 0 : 1));
    }),
  );
  const none = sortPartitionNames(["base-1.parquet", ".base-00000002.parquet", "base-00000003.parquet.tmp"]);
  expect(none).toEqual({ base: undefined, deltas: [], dead: [], version: 0 });
});
