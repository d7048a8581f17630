import { cp, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BenchContext, type Benchmark, ratioResult } from "./benchmark.ts";
import { makeLabels, once } from "./corpus.ts";
import { floor } from "./images.ts";
import { type BenchLake, createBenchLake } from "./lake.ts";
import { compareInTurn, median, runCommand } from "./measure.ts";
import { makeTableLake } from "./web-lakes.ts";

const PARTITIONS = 60;

/** A folder of 60 Parquet files that hold 1,000,000 label rows together. */
export function labelParts(context: BenchContext): Promise<string> {
  const rows = Math.round((1_000_000 * context.scale) / PARTITIONS);
  return once(join(context.corpora, `labels-${PARTITIONS}x${rows}`), async (folder) => {
    for (let part = 0; part < PARTITIONS; part++)
      await makeLabels(join(folder, `part-${part}.parquet`), rows, part);
  });
}

/** A lake whose raw text partitions hold the label rows, processed and published. */
export async function fillLabels(context: BenchContext, lake: BenchLake): Promise<void> {
  const parts = await labelParts(context);
  for (let part = 0; part < PARTITIONS; part++) {
    await lake.upload(join(parts, `part-${part}.parquet`), `라벨_${part}`);
  }
  await lake.process();
}

const rebuild: Benchmark = {
  name: "rebuild",
  run: async (context) => {
    const lake = await createBenchLake(context);
    await fillLabels(context, lake);
    const target = join(context.work, "floor.duckdb");
    const rebuild = async (index: "on" | "off") => {
      lake.env.DATALAKE_CATALOG_INDEX = index;
      return (await lake.run("catalog", "rebuild", "--full")).seconds;
    };
    const plain = await compareInTurn(
      context.runs,
      () => rebuild("off"),
      async () => {
        const seconds = await floor("createTable", join(lake.root, "catalog"), target);
        await rm(target);
        return seconds;
      },
    );
    const plainRefresh = compareRefresh(await timeRefreshes(context, lake), plain.jobSeconds);
    const full: number[] = [];
    for (let run = 0; run < context.runs; run++) full.push(await rebuild("on"));
    const refresh = compareRefresh(await timeRefreshes(context, lake), median(full));
    const changed = "refresh after 1 of 60 partitions changed";
    return [
      ratioResult(
        "catalog rebuild --full, 1,000,000 label rows, without a search index",
        "DuckDB CREATE TABLE AS",
        plain,
        1.5,
      ),
      ratioResult(changed, "rebuild --full", refresh, 0.1),
      ratioResult(`${changed}, without a search index`, "rebuild --full without", plainRefresh, 0.1),
    ];
  },
};

const rebuildPages: Benchmark = {
  name: "rebuild-pages",
  run: async (context) => {
    await makeTableLake(context.work, { partitions: 10, rows: Math.round(1_000_000 * context.scale) });
    const env = {
      DATALAKE_LAKE: join(context.work, "lake"),
      DATALAKE_CACHE: join(context.corpora, "..", "bench-cache"),
      DATALAKE_SCRATCH: join(context.work, "scratch"),
      CI: "1",
    };
    const target = join(context.work, "floor.duckdb");
    const measured = await compareInTurn(
      context.runs,
      async () =>
        (await runCommand([context.binary, "catalog", "rebuild", "--full", "--quiet"], { env })).seconds,
      async () => {
        const seconds = await floor("createTable", join(env.DATALAKE_LAKE, "catalog"), target);
        await rm(target);
        return seconds;
      },
    );
    const job = "catalog rebuild --full, 10,000,000 page rows, with the search index";
    return [ratioResult(job, "DuckDB CREATE TABLE AS", measured, 1.2)];
  },
};

function compareRefresh(refreshes: number[], fullSeconds: number) {
  const jobSeconds = median(refreshes);
  return { jobSeconds, floorSeconds: fullSeconds, ratio: jobSeconds / fullSeconds };
}

/** One partition is swapped for another version of itself, as by a restore, so that only `rebuild` sees the change. */
async function timeRefreshes(context: BenchContext, lake: BenchLake): Promise<number[]> {
  const folder = join(lake.root, "catalog", "provider=bench", "dataset=라벨_0", "task=raw", "variant=text");
  const aside = join(context.work, "aside");
  await cp(folder, aside, { recursive: true });
  const parts = await labelParts(context);
  await lake.upload(join(parts, "part-1.parquet"), "라벨_0", "--mode", "replace");
  await lake.process();
  const seconds: number[] = [];
  for (let run = 0; run < Math.max(5, context.runs); run++) {
    await rename(folder, `${aside}-next`);
    await rename(aside, folder);
    await rename(`${aside}-next`, aside);
    seconds.push((await lake.run("catalog", "rebuild")).seconds);
  }
  return seconds;
}

const append: Benchmark = {
  name: "append",
  run: async (context) => {
    const big = await labels(context, Math.round(1_000_000 * context.scale));
    const small = await labels(context, Math.round(10_000 * context.scale));
    const more = await labels(context, 1000);
    const lake = await createBenchLake(context);
    await lake.upload(big, "big");
    await lake.upload(small, "small");
    await lake.process();
    const appendTo = async (dataset: string) => {
      await lake.upload(more, dataset, "--mode", "append");
      return (await lake.process()).seconds;
    };
    const measured = await compareInTurn(
      context.runs,
      () => appendTo("big"),
      () => appendTo("small"),
    );
    return [
      ratioResult("append 1,000 rows to 1,000,000, refresh included", "the same to 10,000", measured, 2),
    ];
  },
};

/** The threshold is that of `catalog.recent_from`: the catalog of so many rows is larger. */
const smallAppend: Benchmark = {
  name: "small-append",
  run: async (context) => {
    const lake = await createBenchLake(context);
    await lake.upload(await labels(context, Math.round(10_000_000 * context.scale)), "big");
    await lake.process();
    const more = await labels(context, 1000);
    const catalog = join(lake.root, "catalog.duckdb");
    const measured = await compareInTurn(
      context.runs,
      async () => {
        await lake.upload(more, "big", "--mode", "append");
        return (await lake.process()).seconds;
      },
      () => floor("copy", catalog, join(context.work, "copy.duckdb")),
    );
    return [
      ratioResult("process an append of 1,000 rows to 10,000,000", "copying catalog.duckdb", measured, 0.25),
    ];
  },
};

async function labels(context: BenchContext, rows: number): Promise<string> {
  await mkdir(context.corpora, { recursive: true });
  const folder = await once(join(context.corpora, `labels-${rows}`), (temp) =>
    makeLabels(join(temp, "labels.parquet"), rows, 77),
  );
  return join(folder, "labels.parquet");
}

export const catalogBenchmarks = [rebuild, rebuildPages, append, smallAppend];
