import { rm } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { type BenchContext, type Benchmark, type Result, ratioResult } from "./benchmark.ts";
import { makePages, once } from "./corpus.ts";
import { createBenchLake } from "./lake.ts";
import { compareInTurn, median, runCommand, timed } from "./measure.ts";

const FLOORS = new URL("./floors.ts", import.meta.url).pathname;

export async function floor(...args: string[]): Promise<number> {
  return (await runCommand([process.execPath, FLOORS, ...args])).seconds;
}

export function pages(context: BenchContext, count = Math.round(2000 * context.scale)): Promise<string> {
  return once(join(context.corpora, `pages-${count}`), (folder) => makePages(folder, count, "jpeg"));
}

/** SHA-256 of the files, one copy of them, one sync. */
async function hashAndCopy(context: BenchContext, folder: string): Promise<number> {
  const copy = join(context.work, "copy");
  const seconds = await timed(async () => {
    await floor("hash", folder);
    await runCommand(["cp", "-r", folder, copy]);
    await runCommand(["sync", "-f", context.work]);
  });
  await rm(copy, { recursive: true });
  return seconds;
}

/** Uploads and processes the pages in a lake of their own; gives the seconds of both. */
async function takeIn(
  context: BenchContext,
  folder: string,
  verify: string,
): Promise<{ upload: number; work: number }> {
  const lake = await createBenchLake(context, `lake-${crypto.randomUUID().slice(0, 8)}`);
  const upload = (await lake.upload(folder, "pages", "--verify", verify)).seconds;
  const work = (await lake.process("--num-proc", "2")).seconds;
  await rm(lake.root, { recursive: true });
  return { upload, work };
}

const header: Benchmark = {
  name: "header",
  run: async (context) => {
    const folder = await pages(context);
    const uploads: number[] = [];
    const works: number[] = [];
    const measured = await compareInTurn(
      context.runs,
      async () => {
        const { upload, work } = await takeIn(context, folder, "header");
        uploads.push(upload);
        works.push(work);
        return upload + work;
      },
      () => hashAndCopy(context, folder),
    );
    const note = `upload ${median(uploads).toFixed(2)} s, process ${median(works).toFixed(2)} s`;
    return [
      ratioResult(
        "upload and process JPEG pages, --verify header",
        "SHA-256 + cp + sync",
        measured,
        2.0,
        note,
      ),
    ];
  },
};

const decode: Benchmark = {
  name: "decode",
  run: async (context) => {
    const folder = await pages(context);
    const measured = await compareInTurn(
      context.runs,
      async () => (await takeIn(context, folder, "full")).work,
      () => floor("decode", folder),
    );
    return [
      ratioResult(
        "process JPEG pages, full decode, 2 workers",
        "sharp decode, 2 in parallel",
        measured,
        0.85,
      ),
    ];
  },
};

const again: Benchmark = {
  name: "again",
  run: async (context) => {
    const folder = await pages(context);
    const measured = await compareFirstAndSecond(context, folder);
    return [ratioResult("upload and process the same pages again", "the first time", measured, 0.15)];
  },
};

async function compareFirstAndSecond(context: BenchContext, folder: string) {
  const first: number[] = [];
  const second: number[] = [];
  for (let run = 0; run < context.runs; run++) {
    const lake = await createBenchLake(context, `lake-${run}`);
    const both = async (mode: string) =>
      (await lake.upload(folder, "pages", "--mode", mode)).seconds +
      (await lake.process("--num-proc", "2")).seconds;
    first.push(await both("create"));
    second.push(await both("append"));
    await rm(lake.root, { recursive: true });
  }
  const ratio = median(second.map((seconds, at) => seconds / (first[at] ?? Number.NaN)));
  return { jobSeconds: median(second), floorSeconds: median(first), ratio };
}

const png: Benchmark = {
  name: "png",
  run: async (context) => {
    const count = Math.round(400 * context.scale);
    const folder = await once(join(context.corpora, `png-${count}`), (temp) =>
      makePages(temp, count, "png", 2),
    );
    const measured = await compareInTurn(
      context.runs,
      async () => (await takeIn(context, folder, "full")).work,
      () => floor("encode", folder),
    );
    return [
      ratioResult(
        "process PNG pages to JPEG, 2 workers",
        "sharp decode and encode, 2 in parallel",
        measured,
        1.15,
      ),
    ];
  },
};

/** Nearly as large as images.max_pixels allows: four of grey, held whole, and four of colour, read in strips. */
const giants: Benchmark = {
  name: "giants",
  run: async (context) => {
    const side = Math.round(13_370 * Math.sqrt(context.scale));
    const folder = await once(join(context.corpora, `giants-${side}`), async (temp) => {
      for (let at = 0; at < 8; at++) {
        const create = {
          width: side,
          height: side,
          channels: 3 as const,
          background: { r: 9 * at, g: 9 * at, b: 9 * at },
        };
        const image = sharp({ create, limitInputPixels: false }).toColourspace(at % 2 === 0 ? "b-w" : "srgb");
        await image.png({ compressionLevel: 1 }).toFile(join(temp, `${at}.png`));
      }
    });
    const lake = await createBenchLake(context);
    await lake.upload(folder, "giants");
    const { peakBytes, seconds } = await lake.process("--num-proc", "2");
    const result: Result = {
      job: "process 8 images of 179 megapixels, 2 workers: RSS of all processes",
      floor: "",
      jobFigure: `${(peakBytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(0)} s`,
      floorFigure: "",
      value: peakBytes / 1e6,
      limit: 500 + 2 * 150 + 1000, // the processing, its workers, processing.memory
      unit: "MB",
    };
    return [result];
  },
};

export const imageBenchmarks = [header, decode, again, png, giants];
