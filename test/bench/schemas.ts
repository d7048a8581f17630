import { openLake } from "../../src/lake/lake.ts";
import { openDatabase } from "../../src/query/database.ts";
import { commit } from "../catalog/lakes.ts";
import { type BenchContext, type Benchmark, ratioResult } from "./benchmark.ts";
import { type BenchLake, createBenchLake } from "./lake.ts";
import { compareInTurn } from "./measure.ts";

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

export const schemaBenchmarks = [manySchemas];
