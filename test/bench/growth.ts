import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { type BenchContext, type Benchmark, ratioResult } from "./benchmark.ts";
import { makePages, makeTiles, once } from "./corpus.ts";
import { memoryResult } from "./download.ts";
import { createBenchLake } from "./lake.ts";
import { compareInTurn } from "./measure.ts";

/** Folders of `size` pages each, cut out of one corpus by links. */
async function slices(context: BenchContext, total: number, size: number, seed: number): Promise<string[]> {
  const corpus = await once(join(context.corpora, `pages-${total}-${seed}`), (folder) =>
    makePages(folder, total, "jpeg", seed),
  );
  const names = (await readdir(corpus)).sort();
  const folders: string[] = [];
  for (let at = 0; at < names.length; at += size) {
    const folder = join(context.work, `slice-${size}-${at}`);
    await mkdir(folder, { recursive: true });
    for (const name of names.slice(at, at + size)) await symlink(join(corpus, name), join(folder, name));
    folders.push(folder);
  }
  return folders;
}

const intoFull: Benchmark = {
  name: "into-full",
  run: async (context) => {
    const held = Math.round(300_000 * context.scale);
    const tiles = await once(join(context.corpora, `tiles-${held}`), (folder) => makeTiles(folder, held, 5));
    const lake = await createBenchLake(context);
    await lake.upload(tiles, "full");
    await lake.process("--num-proc", "2");
    const batches = await slices(context, 200 * context.runs * 2, 200, 11);
    const uploadNext = async (dataset: string, mode: string) => {
      const folder = batches.pop() ?? "";
      const upload = await lake.upload(folder, dataset, "--mode", mode);
      return upload.seconds + (await lake.process("--num-proc", "2")).seconds;
    };
    let run = 0;
    const measured = await compareInTurn(
      context.runs,
      () => uploadNext("full", "append"),
      () => uploadNext(`empty_${run++}`, "create"),
    );
    return [
      ratioResult("upload 200 pages beside 300,000 assets", "the same into an empty dataset", measured, 1.3),
    ];
  },
};

const manySmall: Benchmark = {
  name: "many-small",
  run: async (context) => {
    const total = Math.round(3000 * context.scale);
    const small = await slices(context, total, 10, 12);
    const [whole = ""] = await slices(context, total, total, 12);
    const measured = await compareInTurn(
      Math.min(context.runs, 2),
      async () => {
        const lake = await createBenchLake(context, "many");
        for (const [at, folder] of small.entries()) {
          await lake.upload(folder, "pages", ...(at === 0 ? [] : ["--mode", "append"]));
        }
        const { seconds } = await lake.process("--num-proc", "2");
        await rm(lake.root, { recursive: true });
        return seconds;
      },
      async () => {
        const lake = await createBenchLake(context, "one");
        await lake.upload(whole, "pages");
        const { seconds } = await lake.process("--num-proc", "2");
        await rm(lake.root, { recursive: true });
        return seconds;
      },
    );
    return [ratioResult("one job over 300 uploads of 10 pages", "one upload of 3,000 pages", measured, 2)];
  },
};

const memory: Benchmark = {
  name: "memory",
  run: async (context) => {
    const count = Math.round(14_000 * context.scale);
    const parquet = await pageParquet(context, count);
    const lake = await createBenchLake(context);
    const upload = await lake.upload(parquet, "big");
    const work = await lake.process("--num-proc", "2");
    const gigabytes = (Bun.file(parquet).size / 1e9).toFixed(1);
    const row = (what: string, peakBytes: number, seconds: number) => ({
      ...memoryResult(`${what} a Parquet of ${gigabytes} GB of images, 2 workers: RSS of all processes`),
      jobFigure: `${(peakBytes / 1e6).toFixed(0)} MB in ${seconds.toFixed(0)} s`,
      value: peakBytes / 1e6,
      limit: 1000,
    });
    return [row("upload", upload.peakBytes, upload.seconds), row("process", work.peakBytes, work.seconds)];
  },
};

async function pageParquet(context: BenchContext, count: number): Promise<string> {
  const pages = await once(join(context.corpora, `pages-${count}-21`), (folder) =>
    makePages(folder, count, "jpeg", 21),
  );
  const folder = await once(join(context.corpora, `parquet-${count}`), async (temp) => {
    const instance = await DuckDBInstance.create(":memory:", {
      threads: "1",
      preserve_insertion_order: "false",
    });
    const connection = await instance.connect();
    await connection.run(
      `COPY (SELECT parse_filename(filename) AS name, {'bytes': content, 'path': parse_filename(filename)} AS image FROM read_blob('${pages}/*'))
       TO '${join(temp, "pages.parquet")}' (FORMAT parquet, COMPRESSION uncompressed, ROW_GROUP_SIZE 2048)`,
    );
    connection.closeSync();
    instance.closeSync();
  });
  return join(folder, "pages.parquet");
}

export const growthBenchmarks = [intoFull, manySmall, memory];
