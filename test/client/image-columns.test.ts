/** Rows with several images each, from an upload to what a download gives back. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { readFile, rm, unlink } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { DatalakeClient } from "../../src/client/index.ts";
import { assetCheck } from "../../src/doctor/assets.ts";
import { quoteText } from "../../src/query/sql.ts";
import { codeOf } from "../code-of.ts";
import {
  makeImage,
  makeWorld,
  readRejects,
  runProgram,
  sha256,
  type World,
  withDatabase,
} from "../jobs/staging-kit.ts";

setDefaultTimeout(120_000);

const before = { ...process.env };
let world: World;
let client: DatalakeClient;
let pages: Buffer[];
let masks: Buffer[];

/** One row: a page, a mask of it, and the page as it was before; null where there is none. */
interface Row {
  n: number;
  image?: Buffer | undefined;
  mask?: Buffer | undefined;
  before?: Buffer | undefined;
  source_name?: string;
}

/** Writes rows as `datasets` does: struct<bytes, path>. Only the columns that some row has. */
async function writeRows(name: string, rows: readonly Row[]): Promise<string> {
  const path = join(world.folder, `${name}.parquet`);
  const columns = ["image", "mask", "before"] as const;
  const used = columns.filter((column) => rows.some((row) => row[column] !== undefined));
  const cell = (bytes: Buffer | undefined, file: string) =>
    bytes ? `{'bytes': from_hex('${bytes.toString("hex")}'), 'path': '${file}'}` : "NULL";
  const selects = rows.map((row) => {
    const cells = used.map((column) => `${cell(row[column], `${row.n}.jpg`)} AS ${column}`);
    const label = row.source_name === undefined ? [] : [`${quoteText(row.source_name)} AS source_name`];
    return `SELECT ${[`${row.n} AS n`, ...cells, ...label].join(", ")}`;
  });
  await withDatabase(world, (database) =>
    database.run(
      `COPY (${selects.join(" UNION ALL BY NAME ")} ORDER BY n) TO ${quoteText(path)} (FORMAT parquet)`,
    ),
  );
  return path;
}

async function processAll(): Promise<void> {
  const { jobId } = await client.triggerProcessing();
  const { uploads } = await client.waitForJobCompletion(jobId);
  expect(uploads).toMatchObject([{ status: "completed" }]);
}

/** The rows of a download as Parquet, images as the SHA-256 of their bytes. */
async function download(name: string, query: object, images: "embed" | "reference" | "none" = "embed") {
  const output = join(world.folder, `${name}.parquet`);
  await client.download({ output, query, format: "parquet", images });
  return withDatabase(world, async (database) => {
    const file = `read_parquet(${quoteText(output)})`;
    const columns = await database.rows<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM ${file}`,
    );
    const cells = columns
      .filter(({ column_type }) => column_type.startsWith("STRUCT("))
      .map((one) => one.column_name);
    const shown = cells.map((column) =>
      images === "embed" ? `sha256(${column}.bytes) AS ${column}` : `${column}.path AS ${column}`,
    );
    const select = shown.length === 0 ? "*" : `* REPLACE (${shown.join(", ")})`;
    return {
      cells,
      rows: await database.rows<Record<string, unknown>>(`SELECT ${select} FROM ${file} ORDER BY n`),
    };
  });
}

beforeAll(async () => {
  world = await makeWorld();
  process.env.DATALAKE_CACHE = join(world.folder, "cache");
  client = new DatalakeClient({ basePath: world.lake.root, numProc: 1, batchSize: 50 });
  pages = await Promise.all([1, 2, 3, 4].map((seed) => makeImage(seed)));
  masks = await Promise.all([5, 6, 7].map((seed) => makeImage(seed, "png")));
  const input = await writeRows("pairs", [
    { n: 0, image: pages[0], mask: masks[0], before: pages[3] },
    { n: 1, image: undefined, mask: masks[1], before: pages[3] },
    { n: 2, image: pages[2], mask: undefined, before: undefined },
    { n: 3, image: pages[1], mask: Buffer.from("no image"), before: pages[3] },
  ]);
  const at = { provider: "hub", dataset: "pairs", images: "preserve", maxRejects: "50%" } as const;
  const { upload_id } = await client.uploadRawData({ ...at, input });
  await processAll();
  expect(await readRejects(world, upload_id)).toMatchObject([
    { source_row: 3, reason: expect.stringMatching(/^mask: not an image/) },
  ]);
});

afterAll(async () => {
  await client.close();
  process.env = before;
  await rm(world.folder, { recursive: true, force: true });
});

const hashes = (images: (Buffer | undefined)[]) => images.map((image) => (image ? sha256(image) : null));

test("every image comes back under its name, and a null is a null", async () => {
  const { cells, rows } = await download("embedded", { datasets: ["pairs"] });
  expect(cells).toEqual(["image", "mask", "before"]);
  expect(rows.map(({ n, image, mask, before: was }) => [n, image, mask, was])).toEqual(
    [
      [pages[0], masks[0], pages[3]],
      [undefined, masks[1], pages[3]],
      [pages[2], undefined, undefined],
    ].map((images, n) => [n, ...hashes(images)]),
  );
  expect(rows[1]).toMatchObject({
    hash: null,
    mask_hash: sha256(masks[1] as Buffer),
    mask_source_name: "1.jpg",
  });
  expect(rows[0]).toMatchObject({
    mask_format: "png",
    mask_width: 24,
    mask_height: 16,
    before_format: "jpeg",
  });
});

test("one image may stand in two columns, which are stored by two policies", async () => {
  const [jpeg, png] = [pages[0], masks[0]];
  const input = await writeRows("twice", [
    { n: 0, image: jpeg, mask: jpeg },
    { n: 1, image: png, mask: png },
  ]);
  await client.uploadRawData({ provider: "hub", dataset: "twice", input });
  await processAll();
  const { rows } = await download("twice-embedded", { datasets: ["twice"] });
  expect(rows.map(({ mask }) => mask)).toEqual(hashes([jpeg, png]));
  expect(rows[0]?.image).toBe(rows[0]?.mask);
});

test("as paths into the lake, and left out", async () => {
  const { cells, rows } = await download("referred", { datasets: ["pairs"] }, "reference");
  expect(cells).toEqual(["image", "mask", "before"]);
  const mask = await readFile(String(rows[0]?.mask));
  expect(sha256(mask)).toBe(sha256(masks[0] as Buffer));
  expect(rows.map(({ mask }) => mask === null)).toEqual([false, false, true]);
  expect((await download("none", { datasets: ["pairs"] }, "none")).cells).toEqual([]);
});

test("equal images of any column are stored once, and known to the next upload", async () => {
  const input = await writeRows("more", [{ n: 9, image: masks[0], mask: pages[3] }]);
  const at = { provider: "hub", dataset: "pairs", images: "preserve", mode: "append" } as const;
  const { staged_files } = await client.uploadRawData({ ...at, input });
  expect(staged_files).toBe(0);
  await processAll();
  const { rows } = await download("appended", { datasets: ["pairs"] });
  expect(rows.at(-1)).toMatchObject({
    n: 9,
    image: sha256(masks[0] as Buffer),
    mask: sha256(pages[3] as Buffer),
  });
  expect(rows.at(-1)?.before).toBeNull();
});

test("by default a mask is kept byte for byte, though a page of the same bytes is not", async () => {
  const large = await sharp({
    create: {
      width: 300,
      height: 200,
      channels: 3,
      background: "#fff",
      noise: { type: "gaussian", mean: 128, sigma: 40 },
    },
  })
    .png()
    .toBuffer();
  const input = await writeRows("optimized", [{ n: 0, image: large, mask: large }]);
  await client.uploadRawData({ provider: "hub", dataset: "optimized", images: "optimize", input });
  await processAll();
  const { rows } = await download("optimized-out", { datasets: ["optimized"] });
  expect(rows).toMatchObject([{ format: "jpeg", mask_format: "png", mask: sha256(large) }]);
  expect(rows[0]?.image).toBe(String(rows[0]?.hash));
  expect(rows[0]?.image).not.toBe(sha256(large));
});

test("labels may refer to a page and bring a mask of it", async () => {
  const input = await writeRows("labels", [{ n: 0, source_name: "0.jpg", mask: masks[2] }]);
  const at = { provider: "hub", dataset: "pairs", task: "ocr", variant: "seg", meta: { lang: "ko" } };
  await client.uploadTaskData({ ...at, input, images: "preserve" });
  await processAll();
  const { rows } = await download("labels-out", { datasets: ["pairs"], tasks: ["ocr"] });
  expect(rows).toMatchObject([
    { image: sha256(pages[0] as Buffer), mask: sha256(masks[2] as Buffer), lang: "ko" },
  ]);
});

test("what the lake says of them is not searched without being asked for, nor shown among the rows' own", async () => {
  const hash = sha256(masks[1] as Buffer);
  expect((await client.search({ datasets: ["pairs"], text: hash.slice(0, 20) })).rowCount).toBe(0);
  expect((await client.search({ datasets: ["pairs"], text: hash, column: "mask_hash" })).rowCount).toBe(1);
  const { stdout } = await runProgram(world, ["search", "--dataset", "pairs", "--task", "raw"]);
  expect(
    stdout
      .split("\n")[0]
      ?.trim()
      .split(/\s{2,}/),
  ).toEqual(["source_name", "n", "width", "height"]);
});

test("assets of every column are looked after: a missing one is found by checks and by downloads", async () => {
  const found = await download("before-loss", { datasets: ["pairs"], tasks: ["raw"] });
  const path = String(found.rows[1]?.mask_path);
  const whole = await client.requestAssetValidation({ datasets: ["pairs"] });
  expect(whole.summary).toMatchObject({ missing: 0, checked: 6 });
  await unlink(world.lake.layout.asset(path));
  const { summary, findings } = await client.requestAssetValidation({ datasets: ["pairs"] });
  expect(summary).toMatchObject({ missing: 1 });
  expect(findings).toMatchObject([{ problem: "missing", path, source_row: 1 }]);
  const output = join(world.folder, "lost");
  const query = { datasets: ["pairs"], tasks: ["raw"] };
  expect(await codeOf(client.download({ output, query }))).toBe("missing_asset");
  expect(await client.download({ output, query, skipMissing: true })).toMatchObject({ rows: 3, missing: 1 });
  const { stdout } = await runProgram(world, ["doctor", "--json"]);
  const checks = JSON.parse(stdout).checks as { name: string; status: string; message: string }[];
  expect(checks.filter(({ name }) => name === assetCheck.name)).toMatchObject([{ status: "problem" }]);
});
