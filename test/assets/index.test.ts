import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type KnownAsset, openAssetIndex } from "../../src/assets/index.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-index-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const hex = (number: number) => number.toString(16).padStart(64, "0");

function record(number: number, more: Partial<KnownAsset> = {}): KnownAsset {
  const hash = hex(number);
  const base = {
    source_hash: hash,
    hash,
    path: `${hash}.jpg`,
    width: 1,
    height: 2,
    format: "jpeg",
    bytes: 3,
    pages: 1,
    orientation: null,
    dpi: 300,
    page_source: null,
    policy: "optimize" as const,
  };
  return { ...base, pixel_hash: hash.slice(0, 32), ...more };
}

test("finds what was added, in batches of any size, also after it was opened again", () => {
  const file = join(folder, "batches.sqlite");
  const numbers = Array.from({ length: 1200 }, (_, at) => at);
  const writing = openAssetIndex(file);
  writing.add(numbers.map((number) => ({ ...record(number), source_name: `쪽-${number}.jpg` })));
  writing.close();
  const index = openAssetIndex(file);
  const found = index.findBySource(Array.from({ length: 1300 }, (_, at) => hex(at)));
  expect(found.size).toBe(1200);
  expect(found.get(hex(7))).toEqual([record(7)]);
  expect(index.findByName(["쪽-3.jpg", "none"]).get("쪽-3.jpg")).toEqual([record(3)]);
  expect(index.findByHash([hex(5)]).get(hex(5))?.source_name).toBe("쪽-5.jpg");
  expect(index.findByHash(["f".repeat(64)]).size).toBe(0);
});

test("a name that stands for two assets gives both, one that came twice with the same asset gives one", () => {
  const index = openAssetIndex(join(folder, "names.sqlite"));
  const other = record(2, { source_hash: hex(9) });
  index.add([
    { ...record(1), source_name: "a.jpg" },
    { ...record(2), source_name: "a.jpg" },
    { ...other, source_name: "b.jpg" },
    { ...record(2), source_name: "b.jpg" },
  ]);
  expect(index.findByName(["a.jpg"]).get("a.jpg")).toHaveLength(2);
  expect(index.findByName(["b.jpg"]).get("b.jpg")).toEqual([record(2)]);
});

test("a source that policies stored in two forms is one page by its name", () => {
  const index = openAssetIndex(join(folder, "forms.sqlite"));
  const made = record(8, { source_hash: hex(3) });
  index.add([
    { ...made, source_name: "a.png" },
    { ...record(3, { policy: "preserve" }), source_name: "a.png" },
    { ...record(4), source_name: "a.png" },
  ]);
  expect(index.findBySource([hex(3)]).get(hex(3))).toHaveLength(2);
  const [named, other] = index.findByName(["a.png"]).get("a.png") ?? [];
  expect(named).toEqual(record(3, { policy: "preserve" }));
  expect(other).toEqual(record(4));
});

test("what is read whole later is known of an asset that was not", () => {
  const index = openAssetIndex(join(folder, "later.sqlite"));
  index.add([record(1, { pixel_hash: null }), record(2)]);
  index.add([record(1), record(2, { pixel_hash: null, policy: "preserve" })]);
  const found = index.findBySource([hex(1), hex(2)]);
  expect(found.get(hex(1))?.[0]?.pixel_hash).toBe(record(1).pixel_hash);
  expect(found.get(hex(2))).toEqual([record(2)]);
});

test("remembers which files it holds", () => {
  const file = join(folder, "files.sqlite");
  const writing = openAssetIndex(file);
  writing.markLoaded("one");
  writing.markLoaded("one");
  writing.close();
  expect(openAssetIndex(file).loadedFiles()).toEqual(["one"]);
});

test("begins anew when the file is no index", async () => {
  const file = join(folder, "damaged.sqlite");
  await writeFile(file, "not a database, but long enough to be read as the header of one".repeat(100));
  const index = openAssetIndex(file);
  index.add([record(1)]);
  expect(index.findBySource([hex(1)]).size).toBe(1);
});

test("names are found by their stems, also those that come after somebody asked", () => {
  const file = join(folder, "stems.sqlite");
  const index = openAssetIndex(file);
  index.add([
    { ...record(1), source_name: "a/쪽.1.jpg" },
    { ...record(2), source_name: "b/쪽.1.png" },
    { ...record(3), source_name: "c.pdf#page=1" },
  ]);
  expect(index.findNamesByStem(["쪽.1", "none"])).toEqual(
    new Map([
      ["쪽.1", ["a/쪽.1.jpg", "b/쪽.1.png"]],
      ["none", []],
    ]),
  );
  index.add([{ ...record(4), source_name: "d/c.jpg" }]);
  index.close();
  const again = openAssetIndex(file);
  again.add([{ ...record(5), source_name: "e/c.jpg" }]);
  expect(again.findNamesByStem(["c"]).get("c")).toEqual(["c.pdf#page=1", "d/c.jpg", "e/c.jpg"]);
  again.close();
});
