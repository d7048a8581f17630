import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { pairLabels } from "../../src/ingest/collection/pairing.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-pairs-"));
  database = await openDatabase({ scratch: folder, memory: "200MB", threads: 1 });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

/** Pairs what lies at these paths; those below `zips` are in zips of these names. */
async function pair(pages: readonly string[], labels: readonly string[], zips: readonly string[] = []) {
  const [files, pairs, unpaired] = ["f", "p", "u"] as const;
  await database.run(
    `CREATE OR REPLACE TABLE ${files} (path VARCHAR, is_label BOOLEAN, zip INTEGER, zip_depth INTEGER)`,
  );
  for (const table of [pairs, unpaired]) await database.run(`DROP TABLE IF EXISTS ${table}`);
  const values = [...pages.map((path) => [path, false]), ...labels.map((path) => [path, true])];
  if (values.length > 0) {
    const rows = values.map(([path, isLabel]) => {
      const zip = zips.findIndex((name) => String(path).startsWith(`${name}/`));
      const within = zip < 0 ? "NULL, NULL" : `${zip}, ${zips[zip]?.split("/").length}`;
      return `(${quoteText(String(path))}, ${isLabel}, ${within})`;
    });
    await database.run(`INSERT INTO ${files} VALUES ${rows.join(", ")}`);
  }
  await pairLabels(database, { files, pairs, unpaired });
  const found = await database.rows<{ label: string; page: string }>(
    `SELECT label, page FROM ${pairs} ORDER BY ALL`,
  );
  const byName = await database.rows<{ label: string }>(
    `SELECT label FROM ${pairs} WHERE by_name ORDER BY ALL`,
  );
  const left = await database.rows<{ label: string; reason: string }>(
    `SELECT * FROM ${unpaired} ORDER BY ALL`,
  );
  return { found, left, byName: byName.map(({ label }) => label) };
}

const folders = fc.array(fc.constantFrom("a", "b", "Training", "2.Validation", "가"), { maxLength: 3 });
const file = fc
  .tuple(folders, fc.constantFrom("1", "2", "3.x", "쪽"))
  .map(([above, name]) => [...above, name].join("/"));
const files = fc.uniqueArray(file, { maxLength: 12 });

test("every label is paired or has a reason, no page has two, and names agree, in whatever order they come", async () => {
  const property = fc.asyncProperty(
    files,
    files,
    fc.infiniteStream(fc.integer()),
    async (some, others, keys) => {
      const pages = some.map((path) => `${path}.jpg`);
      const labels = others.map((path) => `${path}.json`);
      const { found, left, byName } = await pair(pages, labels);
      expect([...found.map(({ label }) => label), ...left.map(({ label }) => label)].sort()).toEqual(
        [...labels].sort(),
      );
      expect(new Set(found.map(({ page }) => page)).size).toBe(found.length);
      const stem = (path: string) => path.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
      for (const { label, page } of found) expect(stem(label)).toBe(stem(page));
      // beside each other they are always a pair
      for (const path of some.filter((one) => others.includes(one))) {
        expect(found).toContainEqual({ label: `${path}.json`, page: `${path}.jpg` });
      }
      const shuffled = <T>(list: readonly T[]) =>
        list
          .map((one) => ({ one, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
          .map(({ one }) => one);
      expect(await pair(shuffled(pages), shuffled(labels))).toEqual({ found, left, byName });
    },
  );
  await fc.assert(property, { numRuns: 15 });
}, 120_000);

test("a name that is one page's and one label's is a pair, however deep below a kind of files either lies", async () => {
  const below = fc.array(fc.constantFrom("a", "b", "Training", "가"), { maxLength: 3 });
  const kinds = fc.constantFrom(
    ["images", "labels"],
    ["원천데이터", "라벨링데이터"],
    ["01.원천", "02.라벨"],
    ["jpg", "json"],
  );
  const unique = fc.uniqueArray(
    fc.tuple(below, fc.nat(3), fc.boolean(), fc.stringMatching(/^[a-z0-9]{1,6}$/)),
    {
      selector: ([, , , name]) => name,
      maxLength: 20,
    },
  );
  const property = fc.asyncProperty(unique, kinds, async (pairs, [ofPages = "", ofLabels = ""]) => {
    const above = (is: boolean, folders: string[], count: number) =>
      is ? folders.slice(folders.length - count) : folders;
    const pages = pairs.map(([folders, count, is, name]) =>
      [ofPages, ...above(is, folders, count), `${name}.png`].join("/"),
    );
    const labels = pairs.map(([folders, count, is, name]) =>
      [ofLabels, ...above(!is, folders, count), `${name}.json`].join("/"),
    );
    expect((await pair(pages, labels)).left).toEqual([]);
  });
  await fc.assert(property, { numRuns: 15 });
}, 120_000);

test("a label may have the whole name of its page, of whatever format that is", async () => {
  const pages = ["jpg", "JPE", "jfif", "tiff", "avif", "heif", "j2k", "pdf"].map(
    (ending) => `쪽 ${ending}.${ending}`,
  );
  const { found, left } = await pair(
    pages,
    pages.map((page) => `${page}.json`),
  );
  expect(found.map(({ label, page }) => label === `${page}.json`)).toEqual(pages.map(() => true));
  expect(left).toEqual([]);
});

test("the nearest folders decide, then the split", async () => {
  const { found, left } = await pair(
    ["images/a/1.jpg", "images/b/1.jpg", "Training/x/2.jpg", "Validation/y/2.jpg"],
    ["labels/a/1.json", "labels/b/1.json", "labels/Training/2.json", "labels/Validation/2.json"],
  );
  expect(found).toEqual([
    { label: "labels/Training/2.json", page: "Training/x/2.jpg" },
    { label: "labels/Validation/2.json", page: "Validation/y/2.jpg" },
    { label: "labels/a/1.json", page: "images/a/1.jpg" },
    { label: "labels/b/1.json", page: "images/b/1.jpg" },
  ]);
  expect(left).toEqual([]);
});

test("a label of one split is never that of a page of another", async () => {
  const { found, left } = await pair(
    ["Training/0001.png", "Training/2.png", "3.png"],
    ["Validation/0001.json", "labels/2.json", "Validation/3.json"],
  );
  expect(found).toEqual([
    { label: "Validation/3.json", page: "3.png" },
    { label: "labels/2.json", page: "Training/2.png" },
  ]);
  expect(left).toEqual([{ label: "Validation/0001.json", reason: "Training/0001.png is of another split" }]);
});

test("folders of one series are documents apart, whose pages are numbered alike", async () => {
  for (const [one, other] of [
    ["doc1", "doc2"],
    ["A", "B"],
    ["in/contract 09", "in/contract 10"],
    ["doc1/images", "doc2/labels"],
    ["doc1/front", "doc2/front"],
    ["TS_계약", "VL_계약"],
    ["계약가", "계약나"],
  ]) {
    const { found, left } = await pair(
      [`${one}/1.png`, `${one}/2.png`],
      [`${other}/1.json`, `${other}/2.json`],
    );
    expect(found).toEqual([]);
    expect(left[0]).toEqual({
      label: `${other}/1.json`,
      reason: `${one}/1.png has its name, but lies in a folder of another document`,
    });
  }
});

test("a page keeps its own label, where another's has more folders in common", async () => {
  const { found } = await pair(
    ["p/A/img/0001.png", "p/B/0001.png"],
    ["p/lab/A/0001.json", "p/lab/B/img/0001.json"],
  );
  expect(found).toEqual([
    { label: "p/lab/A/0001.json", page: "p/A/img/0001.png" },
    { label: "p/lab/B/img/0001.json", page: "p/B/0001.png" },
  ]);
});

test("folders that say no kind need names that are the only ones, and hold either pages or labels", async () => {
  const apart = await pair(["계약서/1.png", "계약서/2.png"], ["정보/1.json"]);
  expect([apart.found.length, apart.byName]).toEqual([1, ["정보/1.json"]]);
  const twice = await pair(["계약서/x/1.png"], ["정보/1.json", "정보/old/1.json"]);
  expect(twice.found).toEqual([]);
  const mixed = await pair(["receipts/1.png", "contracts/2.png"], ["contracts/1.json", "contracts/2.json"]);
  expect(mixed.found).toEqual([{ label: "contracts/2.json", page: "contracts/2.png" }]);
});

test("what is the same within two zips is a pair, whatever these are called", async () => {
  const inside = (zip: string, ending: string) => [
    `${zip}/계약/1.은행/1.${ending}`,
    `${zip}/계약/2.보험/1.${ending}`,
  ];
  for (const [pages, labels] of [
    ["abc", "xyz"],
    ["part1", "part2"],
    ["1.Training/TS_계약", "1.Training/TL_계약"],
  ] as const) {
    const { found, left, byName } = await pair(inside(pages, "jpg"), inside(labels, "json"), [pages, labels]);
    expect([found.map(({ page }) => page), left, byName]).toEqual([inside(pages, "jpg"), [], []]);
  }
  const flat = await pair(["abc/1.jpg", "abc/2.jpg"], ["xyz/1.json", "xyz/2.json"], ["abc", "xyz"]);
  expect([flat.found.length, flat.byName]).toEqual([2, []]);
  expect((await pair(["doc1/1.jpg"], ["doc2/1.json"], ["doc1", "doc2"])).found).toEqual([]);
});

test("pairs that no folder speaks for are counted as found by name", async () => {
  const { byName } = await pair(
    ["images/a/1.jpg", "images/b/2.jpg", "3.jpg", "x/4.jpg"],
    ["labels/1.json", "labels/b/2.json", "3.json", "labels/x/4.json"],
  );
  expect(byName).toEqual(["labels/1.json"]);
});
