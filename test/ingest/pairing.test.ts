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

async function pair(pages: readonly string[], labels: readonly string[]) {
  const [files, pairs, unpaired] = ["f", "p", "u"] as const;
  await database.run(`CREATE OR REPLACE TABLE ${files} (path VARCHAR, is_label BOOLEAN)`);
  for (const table of [pairs, unpaired]) await database.run(`DROP TABLE IF EXISTS ${table}`);
  const values = [...pages.map((path) => [path, false]), ...labels.map((path) => [path, true])];
  if (values.length > 0) {
    const rows = values.map(([path, isLabel]) => `(${quoteText(String(path))}, ${isLabel})`);
    await database.run(`INSERT INTO ${files} VALUES ${rows.join(", ")}`);
  }
  await pairLabels(database, { files, pairs, unpaired });
  const found = await database.rows<{ label: string; page: string }>(`SELECT * FROM ${pairs} ORDER BY ALL`);
  const left = await database.rows<{ label: string; reason: string }>(
    `SELECT * FROM ${unpaired} ORDER BY ALL`,
  );
  return { found, left };
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
      const { found, left } = await pair(pages, labels);
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
      expect(await pair(shuffled(pages), shuffled(labels))).toEqual({ found, left });
    },
  );
  await fc.assert(property, { numRuns: 40 });
}, 120_000);

test("a name that is one page's and one label's is a pair, wherever they lie", async () => {
  const unique = fc.uniqueArray(fc.tuple(folders, folders, fc.stringMatching(/^[a-z0-9]{1,6}$/)), {
    selector: ([, , name]) => name,
    maxLength: 20,
  });
  const property = fc.asyncProperty(unique, async (pairs) => {
    const pages = pairs.map(([above, , name]) => [...above, `${name}.png`].join("/"));
    const labels = pairs.map(([, above, name]) => [...above, `${name}.json`].join("/"));
    expect((await pair(pages, labels)).left).toEqual([]);
  });
  await fc.assert(property, { numRuns: 30 });
}, 120_000);

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
