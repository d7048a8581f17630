import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import sharp from "sharp";
import { zipChunks } from "../ingest/zip-kit.ts";
import { type BenchContext, type Benchmark, ratioResult } from "./benchmark.ts";
import { makePages, once } from "./corpus.ts";
import { createBenchLake } from "./lake.ts";
import { compareInTurn, median } from "./measure.ts";

const POOL_PAGES = 16;
/** Makes a page of about 200 kB, so that 10,000 are 2 GB. */
const PAGE_WIDTH = 980;

/** As tools pack that know images, and half of the entries as tools pack that do not: inflating these takes its own time. */
const ZIPS = [
  { file: "stored.zip", what: "stored entries", isDeflated: () => false },
  {
    file: "half-deflated.zip",
    what: "entries of which half are deflated",
    isDeflated: (at: number) => at % 2 === 1,
  },
];

/** Pages of a pool, each told apart by its comment: they hardly pack. */
function* files(pool: readonly Buffer[], count: number): Generator<{ name: string; data: Buffer }> {
  for (let at = 0; at < count; at++) {
    const page = pool[at % pool.length] ?? Buffer.alloc(0);
    const comment = Buffer.from([0xff, 0xfe, 0, 6, 0, 0, 0, 0]);
    comment.writeUInt32BE(at, 4);
    const data = Buffer.concat([page.subarray(0, 2), comment, page.subarray(2)]);
    yield { name: `쪽/${String(at).padStart(6, "0")}.jpg`, data };
  }
}

async function makePool(folder: string): Promise<Buffer[]> {
  await mkdir(folder);
  await makePages(folder, POOL_PAGES, "png");
  const pages = (await readdir(folder)).sort();
  return Promise.all(
    pages.map((name) => sharp(join(folder, name)).resize(PAGE_WIDTH).jpeg({ quality: 75 }).toBuffer()),
  );
}

function corpus(context: BenchContext, count: number): Promise<string> {
  return once(join(context.corpora, `zips-of-pages-${count}`), async (temp) => {
    await mkdir(join(temp, "folder", "쪽"), { recursive: true });
    const pool = await makePool(join(temp, "pages"));
    for (const { name, data } of files(pool, count)) await writeFile(join(temp, "folder", name), data);
    for (const { file, isDeflated } of ZIPS) {
      const entries = (function* () {
        let at = 0;
        for (const entry of files(pool, count)) yield { ...entry, deflate: isDeflated(at++) ? 6 : false };
      })();
      await pipeline(Readable.from(zipChunks(entries)), createWriteStream(join(temp, file)));
    }
  });
}

interface Upload {
  name: string;
  job: string;
  flags: readonly string[];
  images: number;
}

/** An upload by itself, and with what follows until its rows are found, of fewer images. */
const UPLOADS: readonly Upload[] = [
  { name: "zip", job: "upload of a zip", flags: [], images: 10_000 },
  { name: "zip-wait", job: "upload --wait of a zip", flags: ["--wait"], images: 2000 },
];

async function compareZips(context: BenchContext, { job, flags, images }: Upload) {
  const count = Math.round(images * context.scale);
  const made = await corpus(context, count);
  const upload = async (input: string) => {
    const lake = await createBenchLake(context, `lake-${crypto.randomUUID().slice(0, 8)}`);
    const sample = await lake.upload(join(made, input), "pages", ...flags);
    await rm(lake.root, { recursive: true });
    return sample;
  };
  const results = [];
  for (const { file, what } of ZIPS) {
    const peaks: number[] = [];
    const uploadZip = async () => {
      const { seconds, peakBytes } = await upload(file);
      peaks.push(peakBytes);
      return seconds;
    };
    const uploadFolder = async () => (await upload("folder")).seconds;
    const measured = await compareInTurn(context.runs, uploadZip, uploadFolder);
    const note = `${count} images, peak ${Math.round(median(peaks) / 1e6)} MB`;
    results.push(ratioResult(`${job}, ${what}`, "the same of the folder", measured, 1.2, note));
  }
  return results;
}

export const zipBenchmarks: readonly Benchmark[] = UPLOADS.map((upload) => ({
  name: upload.name,
  run: (context) => compareZips(context, upload),
}));
