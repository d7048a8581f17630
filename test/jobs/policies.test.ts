import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { quoteText } from "../../src/query/sql.ts";
import { picture } from "../images/samples.ts";
import {
  makeWorld,
  readRejects,
  readRows,
  runProgram,
  type StageOptions,
  sha256,
  stageUpload,
  type World,
  withDatabase,
} from "./staging-kit.ts";

setDefaultTimeout(120_000);

type Images = Record<string, Buffer>;

function stage(world: World, images: Images, options: StageOptions): Promise<string> {
  const rows = Object.entries(images).map(([name, image]) => ({ text: name, name, image }));
  return stageUpload(world, rows, { max_rejects: "100%", ...options });
}

async function processAll(world: World): Promise<void> {
  const { stderr, stdout } = await runProgram(world, ["process", "start", "--wait", "--json"]);
  if (stdout === "") throw new Error(stderr);
}

async function take(world: World, images: Images, options: StageOptions): Promise<void> {
  await stage(world, images, options);
  await processAll(world);
}

async function stored(world: World, row: Record<string, unknown> | undefined): Promise<Buffer> {
  return readFile(world.lake.layout.asset(String(row?.path)));
}

test("what is stored is used again only where it is what the upload asks for", async () => {
  const world = await makeWorld();
  const png = await picture(300, 200, 3).png().toBuffer();
  const turned = await picture(60, 40, 4).jpeg().withMetadata({ orientation: 6 }).toBuffer();
  const whole = await picture(200, 200, 5).jpeg().toBuffer();
  const cut = whole.subarray(0, whole.length / 2);
  const names = { "a.png": png, "turned.jpg": turned };

  // By the header alone: taken. Read whole: refused, though these very bytes are stored.
  await stage(world, { ...names, "cut.jpg": cut }, { images: "preserve", verify: "header" });
  const full = await stage(world, { ...names, "cut.jpg": cut }, { images: "preserve", mode: "append" });
  for (const images of ["jpeg", "optimize", "preserve"] as const) {
    await stage(world, names, { images, mode: "append" });
  }
  await processAll(world);
  expect((await readRejects(world, full)).map((row) => row.source_name)).toEqual(["cut.jpg"]);
  const rows = await readRows(world);
  const [first, second, asJpeg, optimized, preserved] = [0, 3, 5, 7, 9].map((at) => rows.slice(at, at + 2));

  for (const [row, jpegRow] of [first, second, preserved].map((pair) => pair ?? [])) {
    expect(Buffer.compare(await stored(world, row), png)).toBe(0);
    expect(Buffer.compare(await stored(world, jpegRow), turned)).toBe(0);
    expect(jpegRow).toMatchObject({ width: 40, height: 60, orientation: 6, pages: 1 });
  }
  expect(first?.[0]?.pixel_hash).toBeNull();
  expect(second?.[0]?.pixel_hash).not.toBeNull();
  expect(asJpeg?.map((row) => row.format)).toEqual(["jpeg", "jpeg"]);
  const upright = await sharp(await stored(world, asJpeg?.[1])).metadata();
  expect(upright).toMatchObject({ width: 40, height: 60 });
  // The PNG that is kept serves here as well; the turned JPEG is the one of before.
  expect(optimized?.map((row) => row.hash)).toEqual([sha256(png), asJpeg?.[1]?.hash]);
});

test("documents with the same first page keep their own", async () => {
  const world = await makeWorld();
  const document = async (second: number) => {
    const pages = await Promise.all([1, second].map((seed) => picture(40, 30, seed).png().toBuffer()));
    return sharp(pages, { join: { animated: true } })
      .tiff({ compression: "lzw" })
      .toBuffer();
  };
  const images = {
    "one.tif": await picture(40, 30, 1).tiff({ compression: "lzw" }).toBuffer(),
    "a.tif": await document(2),
    "b.tif": await document(3),
  };
  await take(world, images, {});
  const rows = await readRows(world);
  expect(rows.map((row) => row.pages)).toEqual([1, 2, 2]);
  for (const name of ["a.tif", "b.tif"] as const) {
    const row = rows.find(({ source_name }) => source_name === name);
    expect(Buffer.compare(await stored(world, row), images[name])).toBe(0);
  }
});

test("rows of a lake that did not count pages are read, and their images looked at again", async () => {
  const world = await makeWorld();
  const png = await picture(30, 20, 3).png().toBuffer();
  await take(world, { "a.png": png }, { images: "preserve" });
  const key = { provider: "hub", dataset: "pages", task: "raw", variant: "image" };
  const partition = world.lake.layout.partition(key);
  await withoutLaterColumns(world, join(partition, "data.parquet"));
  await rm(join(partition, "_metadata.json"));
  await rm(world.settings.cacheFolder, { recursive: true });

  await take(world, { "a.png": png }, { images: "preserve", mode: "append" });
  const rows = await readRows(world);
  expect(rows.map((row) => row.hash)).toEqual([sha256(png), sha256(png)]);
  expect(rows.map((row) => row.pages)).toEqual([null, 1]); // compacted, the base had no such column
  await runProgram(world, ["catalog", "rebuild", "--full"]);
  const { stdout } = await runProgram(world, [
    "sql",
    "SELECT pages, width FROM catalog ORDER BY 1",
    "--json",
  ]);
  expect(JSON.parse(stdout).rows).toEqual([
    { pages: 1, width: 30 },
    { pages: null, width: 30 },
  ]);
});

/** Writes a partition file as it was before images had pages, orientation and resolution. */
async function withoutLaterColumns(world: World, file: string): Promise<void> {
  const old = join(world.folder, "old", "data.parquet");
  await mkdir(dirname(old), { recursive: true });
  await withDatabase(world, async (database) => {
    const [entry] = await database.rows<{ value: string }>(
      `SELECT decode(value) AS value FROM parquet_kv_metadata(${quoteText(file)}) WHERE decode(key) = 'datalake'`,
    );
    await database.run(
      `COPY (SELECT * EXCLUDE (pages, orientation, dpi) FROM ${quoteText(file)}) TO ${quoteText(old)}
       (FORMAT parquet, KV_METADATA {datalake: ${quoteText(entry?.value ?? "")}})`,
    );
  });
  await rename(old, file);
}

test("a HEIC of several images is kept as it came under every policy", async () => {
  const world = await makeWorld();
  const file = join(import.meta.dir, "..", "fixtures", "two-images.heic");
  const heic = await readFile(file);
  for (const [at, images] of (["optimize", "jpeg", "preserve"] as const).entries()) {
    await take(world, { [`${at}.heic`]: heic }, { images, ...(at > 0 && { mode: "append" }) });
  }
  const rows = await readRows(world);
  expect(rows.map(({ format, pages }) => ({ format, pages }))).toEqual(
    Array(3).fill({ format: "heic", pages: 2 }),
  );
  for (const row of rows) expect(await stored(world, row)).toEqual(heic);
});
