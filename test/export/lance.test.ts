/** Lance: what is written is one version of the pages, in any folder and for parts of any name. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { openLanceTable } from "../../src/export/samples/lance-table.ts";
import { sha256 } from "../jobs/staging-kit.ts";
import { hasLance, readLance, readLanceRows } from "./read-back.ts";
import { makeKit, type PageRow } from "./samples-kit.ts";

setDefaultTimeout(120_000);

const testLance = test.skipIf(!hasLance);
const VIEW = { items: "$.words", box: "bbox", form: "xyxy", text: "text" } as const;

let kit: Awaited<ReturnType<typeof makeKit>>;
let rows: PageRow[];

beforeAll(async () => {
  kit = await makeKit();
  const images = await Promise.all(
    [20, 120, 220].map((r) =>
      sharp({ create: { width: 90, height: 60, channels: 3, background: { r, g: 9, b: 9 } } })
        .jpeg()
        .toBuffer(),
    ),
  );
  rows = images.map((bytes, at) => ({
    bytes,
    width: 90,
    height: 60,
    sourceName: `쪽 ${at}.jpg`,
    label: { words: [{ text: `계약서 ${at}`, bbox: [1, 2, 30, 40] }] },
    more: { split: at === 2 ? "2차 검수" : "train" },
  }));
});

afterAll(() => rm(kit.folder, { recursive: true, force: true }));

testLance("rows are pages with their bytes and facts, in a dataset for each part", async () => {
  const { output, imageBytes, samples } = await kit.run("lance", rows, VIEW);
  expect((await readdir(output)).filter((name) => !name.startsWith(".")).sort()).toEqual([
    "2차_검수.lance",
    "train.lance",
  ]);
  const found = await readLanceRows(output);
  const facts = found.map(({ id, page, name, width, height, image }) => [
    id,
    page,
    name,
    width,
    height,
    sha256(image),
  ]);
  expect(facts).toEqual(
    [0, 1].map((at) => [String(at), 0, `쪽 ${at}.jpg`, 90, 60, sha256(rows[at]?.bytes as Buffer)]),
  );
  expect(samples.splits).toEqual({ train: 2, "2차_검수": 1 });
  const last = JSON.parse((await readLanceRows(output, "2차_검수"))[0]?.label ?? "");
  expect(last).toMatchObject({ boxes: [{ xyxy: [1, 2, 30, 40], text: "계약서 2" }], width: 90 });
  expect(JSON.parse(last.row)).toMatchObject({ split: "2차 검수" });
  expect(samples).toMatchObject({ samples: 3, pages: 3, regions: 3 });
  // Every file is in the list, which a download through a server is checked by.
  const list = (await readFile(join(output, ".datalake", "images.jsonl"), "utf8")).trim().split("\n");
  const files = (await readdir(output, { recursive: true, withFileTypes: true })).filter((one) =>
    one.isFile(),
  );
  expect(list).toHaveLength(files.filter(({ parentPath }) => parentPath.includes(".lance")).length);
  const sizes = list.map((line) => JSON.parse(line) as { name: string; bytes: number; sha256: string });
  for (const { name, bytes, sha256: digest } of sizes) {
    expect([name, (await stat(join(output, name))).size]).toEqual([name, bytes]);
    expect(sha256(await readFile(join(output, name)))).toBe(digest);
  }
  expect(imageBytes).toBe(sizes.reduce((sum, { bytes }) => sum + bytes, 0));
});

testLance("several batches are one version, whatever the folder is called", async () => {
  const folder = join(await mkdtemp(join(tmpdir(), "datalake-lance-")), "나 %20 #1 ?a=b&c");
  await mkdir(folder);
  try {
    const { Schema, Field, Int32 } = await import("apache-arrow");
    const { rowBatch } = await import("../../src/export/samples/row-batch.ts");
    const schema = new Schema([new Field("page", new Int32(), false)]);
    const table = await openLanceTable(join(folder, "train.lance"));
    for (const at of [0, 2, 4]) await table.add(rowBatch(schema, [[at], [at + 1]]));
    await table.finish();
    expect(await readdir(folder)).toEqual(["train.lance"]);
    const versions = await readdir(join(folder, "train.lance", "_versions"));
    expect(versions.filter((name) => name.endsWith(".manifest"))).toHaveLength(1);
    expect((await readLanceRows(folder)).map(({ page }) => page)).toEqual([0, 1, 2, 3, 4, 5]);
  } finally {
    await rm(join(folder, ".."), { recursive: true });
  }
});

testLance("what many batches leave behind is removed on the way, for each names all before it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "datalake-lance-"));
  try {
    const { Schema, Field, Int32 } = await import("apache-arrow");
    const { rowBatch } = await import("../../src/export/samples/row-batch.ts");
    const schema = new Schema([new Field("page", new Int32(), false)]);
    const table = await openLanceTable(join(folder, "train.lance"));
    const pages = Array.from({ length: 150 }, (_, page) => page);
    for (const page of pages) await table.add(rowBatch(schema, [[page]]));
    for (const name of ["_versions", "_transactions"]) {
      const left = await readdir(join(folder, "train.lance.work", "rows.lance", name));
      expect(left.length).toBeLessThan(60);
    }
    await table.finish();
    expect((await readLanceRows(folder)).map(({ page }) => page)).toEqual(pages);
  } finally {
    await rm(folder, { recursive: true });
  }
});

testLance("empty labels are pages without regions", async () => {
  const empty = rows.slice(0, 2).map((row) => ({ ...row, label: { words: [] } }));
  const { output } = await kit.run("lance", empty, VIEW);
  expect((await readLance(output)).map(({ regions }) => regions)).toEqual([[], []]);
});
