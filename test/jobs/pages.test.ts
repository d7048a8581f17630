import { expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import type { Input } from "../../src/ingest/input.ts";
import { localDestination } from "../../src/ingest/local-destination.ts";
import { openUploadSession } from "../../src/ingest/session.ts";
import type { UploadRequest } from "../../src/ingest/upload-plan.ts";
import { createUploadLayout } from "../../src/lake/layout.ts";
import { quoteText } from "../../src/query/sql.ts";
import { DEFAULT_PAGES } from "../../src/schema/pages.ts";
import { pdfOf } from "../documents/write-pdf.ts";
import {
  fingerprintTree,
  makeWorld,
  readRejects,
  readRows,
  runProgram,
  sha256,
  type World,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

const square = (points: number) => ({
  content: `0 0 0 rg 20 20 ${points} ${points} re f`,
  box: [0, 0, 200, 100] as const,
});

/** Rows that are pages of these files, 1 to `count` each. */
function pagesOf(folder: string, files: readonly { name: string; count: number }[]): Input {
  const rows = files.flatMap(({ name, count }) =>
    Array.from({ length: count }, (_, at) => `(${quoteText(name)}, ${at + 1})`),
  );
  const relation = `(SELECT * FROM (VALUES ${rows.join(", ")}) AS t(__path, __page))`;
  return {
    format: "collection",
    path: folder,
    folder,
    sizeBytes: 1,
    fileCount: files.length,
    rowCount: rows.length,
    columns: [{ name: "image", type: "VARCHAR", embedded: { bytes: false, path: "__path", page: "__page" } }],
    features: {},
    notices: [],
    rows: async () => relation,
    embedded: () => {
      throw new Error("there are none");
    },
  };
}

async function upload(world: World, input: Input, request: Partial<UploadRequest> = {}) {
  const session = await openUploadSession({ settings: world.settings });
  try {
    const target = localDestination(world.lake);
    const whole: UploadRequest = {
      type: "raw",
      provider: "hub",
      dataset: "pages",
      mode: "create",
      images: "optimize",
      verify: "full",
      maxRejects: "90%",
      ...request,
    };
    return await session.stage(await session.plan(whole, input, target), target);
  } finally {
    await session.close();
  }
}

async function work(world: World) {
  const { stdout, stderr } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout).uploads.at(-1);
}

test("a document is staged once, and its pages become rows with their document", async () => {
  const world = await makeWorld();
  const bytes = pdfOf([10, 30, 50].map(square));
  await writeFile(join(world.folder, "계약.pdf"), bytes);
  const manifest = await upload(world, pagesOf(world.folder, [{ name: "계약.pdf", count: 3 }]));
  expect(manifest).toMatchObject({ rows: 3, staged_files: 1, staged_bytes: bytes.length, contents: 1 });
  expect(await work(world)).toMatchObject({ status: "completed", rows: 3, rejected: 0 });
  const rows = await readRows(world);
  expect(rows.map(({ source_name }) => source_name)).toEqual(
    [1, 2, 3].map((page) => `계약.pdf#page=${page}`),
  );
  for (const [at, row] of rows.entries()) {
    expect(row).toMatchObject({
      document: sha256(bytes),
      page: at + 1,
      pages: 3,
      dpi: 200,
      width: 556,
      height: 278,
      page_source: "drawn",
    });
    const stored = await readFile(world.lake.layout.asset(String(row.path)));
    expect(sha256(stored)).toBe(String(row.hash));
    // The square begins 20 points from the corner below; its other corner tells the pages apart.
    const points = [10, 30, 50][at] ?? 0;
    const { data, info } = await sharp(stored).greyscale().raw().toBuffer({ resolveWithObject: true });
    const grey = (x: number, y: number) =>
      data[Math.round(((100 - y) / 72) * 200) * info.width + Math.round((x / 72) * 200)] ?? -1;
    expect(grey(20 + points - 2, 20 + points - 2)).toBeLessThan(40);
    expect(grey(20 + points + 2, 20 + points + 2)).toBeGreaterThan(215);
  }
  const [kept] = new Set(rows.map(({ document_path }) => document_path));
  expect(sha256(await readFile(world.lake.layout.asset(String(kept))))).toBe(sha256(bytes));
});

test("the same document stores nothing new, and other settings make other pages", async () => {
  const world = await makeWorld();
  await writeFile(join(world.folder, "a.pdf"), pdfOf([10, 30].map(square)));
  const input = pagesOf(world.folder, [{ name: "a.pdf", count: 2 }]);
  await upload(world, input);
  await work(world);
  const before = await fingerprintTree(world.lake.layout.assets);
  const again = await upload(world, input, { mode: "append" });
  expect(again.staged_files).toBe(0);
  const outcome = await work(world);
  expect(outcome).toMatchObject({ status: "completed", assets: { stored: 0, deduplicated: 2 } });
  expect(await fingerprintTree(world.lake.layout.assets)).toEqual(before);
  const rows = await readRows(world);
  expect(rows.map(({ page_source }) => page_source)).toEqual(Array(4).fill("drawn"));
  expect(new Set(rows.map(({ document_path }) => document_path)).size).toBe(1);
  await upload(world, input, { mode: "append", pages: { ...DEFAULT_PAGES, dpi: 100 } });
  expect(await work(world)).toMatchObject({ assets: { stored: 2 } });
  expect((await readRows(world)).map(({ width }) => width)).toEqual([556, 556, 556, 556, 278, 278]);
});

test("a file that is no document costs its pages, with the reason", async () => {
  const world = await makeWorld();
  await writeFile(join(world.folder, "bad.pdf"), "%PDF-1.7 and nothing else");
  await writeFile(join(world.folder, "good.pdf"), pdfOf([square(10)]));
  const files = [
    { name: "bad.pdf", count: 1 },
    { name: "good.pdf", count: 2 },
    { name: "없음.pdf", count: 1 },
  ];
  const manifest = await upload(world, pagesOf(world.folder, files));
  expect(await work(world)).toMatchObject({ status: "completed", rows: 1, rejected: 3 });
  const rejects = await readRejects(world, manifest.upload_id);
  expect(rejects.map(({ source_name, reason }) => `${source_name}: ${reason}`)).toEqual([
    "bad.pdf#page=1: damaged PDF: no readable structure",
    expect.stringMatching(/^good\.pdf#page=2: page 2 /),
    "없음.pdf#page=1: the file 없음.pdf does not exist",
  ]);
});

test("pages of a TIFF are cut out as they are", async () => {
  const world = await makeWorld();
  const [width, height] = [64, 40];
  const data = Buffer.from(
    Array.from({ length: width * height * 2 }, (_, at) => (at % (at < width * height ? 7 : 11)) * 20),
  );
  const raw = { width, height: height * 2, channels: 1 as const, pageHeight: height };
  const tiff = sharp(data, { raw }).toColourspace("b-w").tiff({ compression: "lzw" });
  await writeFile(join(world.folder, "fax.tif"), await tiff.toBuffer());
  const input = pagesOf(world.folder, [{ name: "fax.tif", count: 2 }]);
  await upload(world, input, { images: "preserve" });
  expect(await work(world)).toMatchObject({ status: "completed", rows: 2 });
  for (const [at, row] of (await readRows(world)).entries()) {
    expect(row).toMatchObject({
      format: "tiff",
      page: at + 1,
      pages: 2,
      page_source: "image",
      document_path: null,
    });
    const seen = await sharp(await readFile(world.lake.layout.asset(String(row.path))))
      .toColourspace("b-w")
      .raw()
      .toBuffer();
    expect(seen.equals(data.subarray(at * width * height, (at + 1) * width * height))).toBe(true);
  }
});

test("a row that names a page by another digest is rejected", async () => {
  const world = await makeWorld();
  await writeFile(join(world.folder, "a.pdf"), pdfOf([square(10), square(20)]));
  const { upload_id: id } = await upload(world, pagesOf(world.folder, [{ name: "a.pdf", count: 2 }]));
  const { rows } = createUploadLayout(join(world.lake.layout.pending, id));
  const { withDatabase } = await import("./staging-kit.ts");
  await withDatabase(world, async (database) => {
    const file = quoteText(rows.stagedAt);
    await database.run(`CREATE TABLE r AS SELECT * FROM read_parquet(${file})`);
    await database.run("UPDATE r SET page = 1 WHERE page = 2");
    await database.run(`COPY r TO ${file} (FORMAT parquet)`);
  });
  expect(await work(world)).toMatchObject({ rows: 1, rejected: 1 });
  const [reject] = await readRejects(world, id);
  expect(reject?.reason).toBe("its content is named by something else than its page");
});

test("a kept document is an asset that checks know", async () => {
  const world = await makeWorld();
  await writeFile(join(world.folder, "a.pdf"), pdfOf([square(10)]));
  await upload(world, pagesOf(world.folder, [{ name: "a.pdf", count: 1 }]));
  await work(world);
  const [row] = await readRows(world);
  const verified = await runProgram(world, ["assets", "verify", "--json"]);
  expect(verified.exit).toBe(0);
  const path = world.lake.layout.asset(String(row?.document_path));
  await rm(path);
  const missing = await runProgram(world, ["assets", "verify", "--json"]);
  expect(missing.exit).toBe(3);
  expect(JSON.parse(missing.stdout)).toMatchObject({ missing: 1 });
  const { stdout } = await runProgram(world, ["doctor"]);
  expect(stdout).toContain("assets that rows refer to are missing");
});
