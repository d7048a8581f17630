import { expect, setDefaultTimeout, test } from "bun:test";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { DatalakeClient } from "../../src/client/index.ts";
import { openDatabase } from "../../src/query/database.ts";
import { quoteText } from "../../src/query/sql.ts";
import { wideOptions } from "../../src/query/wide-columns.ts";
import { makeWorld } from "../jobs/staging-kit.ts";

setDefaultTimeout(240_000);

const WIDTH = 1500;

// The engine's writer of Parquet takes 1 MB of each column of text, if it is not told otherwise.
test(`${WIDTH} columns of text are uploaded, processed and downloaded`, async () => {
  const world = await makeWorld();
  const database = await openDatabase({ scratch: join(world.folder, "made"), threads: 1 });
  const client = new DatalakeClient({ basePath: world.lake.root, numProc: 1 });
  try {
    const columns = Array.from({ length: WIDTH }, (_, at) => `'낱말 ${at} ' || range % 2 AS c${at}`);
    const input = join(world.folder, "wide.parquet");
    await database.run(
      `COPY (SELECT ${columns.join(", ")} FROM range(20)) TO ${quoteText(input)} (FORMAT parquet${wideOptions(WIDTH)})`,
    );
    await client.uploadRawData({ input, provider: "hub", dataset: "wide" });
    const { jobId } = await client.triggerProcessing();
    const { uploads } = await client.waitForJobCompletion(jobId);
    expect(uploads.map(({ status }) => status)).toEqual(["completed"]);
    const output = join(world.folder, "out.parquet");
    await client.download({ query: { datasets: ["wide"] }, format: "parquet", output });
    const values = (path: string) =>
      database.rows(
        `SELECT c0, c${WIDTH - 1}, count(*) AS n FROM ${quoteText(path)} GROUP BY ALL ORDER BY ALL`,
      );
    expect(await values(output)).toEqual(await values(input));
    expect((await values(output)).length).toBe(2);
  } finally {
    client.close();
    database.close();
    await rm(world.folder, { recursive: true, force: true });
  }
});
