import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { sendAssets } from "../../src/sync/assets.ts";
import { s3Store } from "../../src/sync/store.ts";
import { commit, KEY, type Workbench, withLake } from "../catalog/lakes.ts";
import { useMoto } from "../engines/moto.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

const PATHS = Array.from(
  { length: 40 },
  (_, at) => `provider=${KEY.provider}/dataset=${KEY.dataset}/${String(at * 7 + 10)}/ab/${at}.jpg`,
);

async function makeAssets(bench: Workbench): Promise<void> {
  const list = PATHS.map((path) => `('${path}')`).join(", ");
  await commit(
    bench,
    "create",
    `SELECT path, 'u' AS upload_id, 0 AS source_row FROM (VALUES ${list}, ('${PATHS[0]}'), (NULL)) AS t(path)`,
  );
  for (const path of PATHS) {
    const file = bench.lake.layout.asset(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `asset ${path}`);
  }
}

describe.each([
  ["asked for one by one", 1000],
  ["looked up in the store's list", 10],
])("assets %s", (_, listedFrom) => {
  test("are sent once each, those that are there not again", () =>
    withLake(async (bench) => {
      await makeAssets(bench);
      const moto = await useMoto();
      const bucket = await moto.createBucket();
      const s3 = moto.client(bucket);
      // A prefix with what sorts before and behind, and one asset that already exists.
      await s3.write(`호수/assets/${PATHS[5]}`, "there");
      await s3.write("호수/assets/provider=aaa/x", "before");
      const store = s3Store(async () => s3, bucket, "호수");
      const sources = [{ key: KEY, file: "data.parquet" }];
      const effects = { lake: bench.lake, database: bench.database, listedFrom };
      expect(await sendAssets(sources, store, effects)).toBe(PATHS.length - 1);
      expect(await s3.file(`호수/assets/${PATHS[5]}`).text()).toBe("there");
      for (const path of [PATHS[0], PATHS[39]]) {
        expect(await s3.file(`호수/assets/${path}`).text()).toBe(`asset ${path}`);
      }
      expect(await sendAssets(sources, store, effects)).toBe(0);
      await s3.delete(`호수/assets/${PATHS[7]}`);
      await s3.delete(`호수/assets/${PATHS[8]}`);
      await rm(bench.lake.layout.asset(PATHS[8] ?? ""));
      expect(await sendAssets(sources, store, effects)).toBe(1);
    }));
});
