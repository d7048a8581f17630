import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { zipChunks } from "../ingest/zip-kit.ts";
import { type BenchContext, type Benchmark, ratioResult } from "./benchmark.ts";
import { makePages, once } from "./corpus.ts";
import { createBenchLake } from "./lake.ts";
import { compareInTurn, median } from "./measure.ts";

/** With what JPEGs begin: staging looks no further. */
const HEAD = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);
const POOL_PAGES = 16;

/** 10,000 files of about 204 kB, of the samples of real JPEGs: they hardly pack. */
function* files(pool: Buffer, count: number): Generator<{ name: string; data: Buffer }> {
  for (let at = 0; at < count; at++) {
    const begin = (at * 7919) % (pool.length - 210_000);
    const data = Buffer.concat([HEAD, pool.subarray(begin, begin + 200_000 + ((at * 37) % 9000))]);
    data.writeUInt32LE(at, HEAD.length);
    yield { name: `쪽/${String(at).padStart(6, "0")}.jpg`, data };
  }
}

function corpus(context: BenchContext): Promise<string> {
  const count = Math.round(10_000 * context.scale);
  return once(join(context.corpora, `zip-${count}`), async (temp) => {
    await mkdir(join(temp, "folder", "쪽"), { recursive: true });
    await mkdir(join(temp, "pages"));
    await makePages(join(temp, "pages"), POOL_PAGES, "jpeg");
    const pages = (await readdir(join(temp, "pages"))).sort();
    const pool = Buffer.concat(await Promise.all(pages.map((name) => readFile(join(temp, "pages", name)))));
    for (const { name, data } of files(pool, count)) await writeFile(join(temp, "folder", name), data);
    // Half of them as tools pack that know no images.
    const entries = (function* () {
      let at = 0;
      for (const file of files(pool, count)) yield { ...file, deflate: at++ % 2 === 1 ? 6 : false };
    })();
    await pipeline(Readable.from(zipChunks(entries)), createWriteStream(join(temp, "images.zip")));
  });
}

const zip: Benchmark = {
  name: "zip",
  run: async (context) => {
    const made = await corpus(context);
    const peaks: number[] = [];
    const stage = async (input: string) => {
      const lake = await createBenchLake(context, `lake-${crypto.randomUUID().slice(0, 8)}`);
      const { seconds, peakBytes } = await lake.upload(join(made, input), "pages");
      await rm(lake.root, { recursive: true });
      if (input === "images.zip") peaks.push(peakBytes);
      return seconds;
    };
    const measured = await compareInTurn(
      context.runs,
      () => stage("images.zip"),
      () => stage("folder"),
    );
    const note = `${Math.round(10_000 * context.scale)} images, peak ${Math.round(median(peaks) / 1e6)} MB`;
    return [ratioResult("upload of a zip", "upload of the same folder", measured, 1.2, note)];
  },
};

export const zipBenchmarks: readonly Benchmark[] = [zip];
