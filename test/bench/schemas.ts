import { join } from "node:path";
import { openLake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import { commit } from "../catalog/lakes.ts";
import { type BenchContext, type Benchmark, ratioResult } from "./benchmark.ts";
import { memoryResult } from "./download.ts";
import { type BenchLake, createBenchLake } from "./lake.ts";
import { compareInTurn, type Sample } from "./measure.ts";

const COLUMNS = 12;
const ROWS = 200;
const FEWER = 10;

/** A lake of so many datasets, each with columns of its own: numbers and Korean text. */
async function fillDatasets(context: BenchContext, name: string, datasets: number): Promise<BenchLake> {
  const bench = await createBenchLake(context, name);
  const lake = await openLake(bench.root);
  const database = await openDatabase({ scratch: `${context.work}/made` });
  try {
    for (let at = 0; at < datasets; at++) {
      const columns = Array.from({ length: COLUMNS }, (_, column) => {
        const value = [`hash(range + ${column}) / 3`, `range * ${column}`, `'낱말 ' || hash(range) % 100000`];
        return `${value[column % value.length]} AS d${at}_c${column}`;
      });
      const key = { provider: "bench", dataset: `d${at}`, task: "raw", variant: "text" };
      await commit({ lake, database }, "create", `SELECT ${columns.join(", ")} FROM range(${ROWS})`, key);
    }
  } finally {
    database.close();
  }
  return bench;
}

const manySchemas: Benchmark = {
  name: "many-schemas",
  run: async (context) => {
    const datasets = Math.max(FEWER, Math.round(1000 * context.scale));
    const many = await fillDatasets(context, "many", datasets);
    const few = await fillDatasets(context, "few", Math.round(datasets / FEWER));
    const rebuild = async (lake: BenchLake) => (await lake.run("catalog", "rebuild", "--full")).seconds;
    const measured = await compareInTurn(
      context.runs,
      () => rebuild(many),
      async () => FEWER * (await rebuild(few)),
    );
    const job = `catalog rebuild --full, ${datasets} datasets with ${COLUMNS} columns of their own`;
    return [ratioResult(job, `${FEWER} times the same of ${datasets / FEWER}`, measured, 1.3)];
  },
};

const WIDE = 5000;

/** The memory that a table of thousands of columns takes on its way through the lake. */
const wide: Benchmark = {
  name: "wide",
  run: async (context) => {
    const rows = Math.round(20_000 * context.scale);
    const bench = await createBenchLake(context);
    const lake = await openLake(bench.root);
    const database = await openDatabase({ scratch: `${context.work}/made`, memory: "6GB" });
    const columns = Array.from({ length: WIDE }, (_, at) => {
      const value = [`range + ${at}`, `range / 7.0::DOUBLE + ${at}`, `'낱말 ' || (range * 7 + ${at}) % 1000`];
      return `${value[at % value.length]} AS c${at}`;
    });
    const key = { provider: "bench", dataset: "wide", task: "raw", variant: "text" };
    await commit({ lake, database }, "create", `SELECT ${columns.join(", ")} FROM range(${rows})`, key);
    database.close();
    const result = (job: string, { peakBytes }: Sample, limit: number) => {
      const megabytes = peakBytes / 1e6;
      const figure = { jobFigure: `${megabytes.toFixed(0)} MB`, value: megabytes, limit };
      return { ...memoryResult(`${job}, ${WIDE} columns x ${rows} rows: RSS`), ...figure };
    };
    const built = await bench.run("catalog", "rebuild", "--full");
    const read = await bench.run("download", "--output", join(context.work, "wide.parquet"));
    return [result("catalog rebuild --full", built, 1800), result("download parquet", read, 2900)];
  },
};

export const schemaBenchmarks = [manySchemas, wide];
