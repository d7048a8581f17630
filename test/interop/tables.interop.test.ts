import { expect, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { makeWorld } from "../jobs/staging-kit.ts";
import { LONG } from "../long.ts";
import { runPython } from "./python.ts";

const SEED = Number(process.env.DATALAKE_TABLES_SEED ?? 1);
const TABLES = LONG ? 20 : 3;

test(`random tables of pyarrow come back as pyarrow reads the input, to pandas and polars too (seed ${SEED})`, async () => {
  const world = await makeWorld();
  const client = new DatalakeClient({ basePath: world.lake.root, numProc: 1 });
  try {
    const made = join(world.folder, "made");
    await runPython("datasets-newest", "make_tables.py", made, String(SEED), String(TABLES));
    const inputs = Array.from({ length: TABLES }, (_, at) => at).flatMap((at) =>
      ["parquet", "arrow"].map((format) => ({
        dataset: `${format}${at}`,
        input: join(made, `${at}.${format}`),
      })),
    );
    for (const { dataset, input } of inputs) await client.uploadRawData({ input, provider: "hub", dataset });
    const { jobId } = await client.triggerProcessing();
    const job = await client.waitForJobCompletion(jobId);
    expect(job.uploads.filter(({ status }) => status !== "completed")).toEqual([]);
    const pairs: string[] = [];
    for (const { dataset, input } of inputs) {
      for (const format of ["parquet", "arrow", "dataset"] as const) {
        const output = join(world.folder, `${dataset}-out${format === "dataset" ? "" : `.${format}`}`);
        await client.download({ query: { datasets: [dataset] }, format, output });
        pairs.push(input, format === "dataset" ? join(output, "data-00000-of-00001.arrow") : output);
      }
    }
    expect(JSON.parse(await runPython("datasets-newest", "compare_tables.py", ...pairs))).toEqual([]);
  } finally {
    client.close();
    await rm(world.folder, { recursive: true, force: true });
  }
}, 600_000);
