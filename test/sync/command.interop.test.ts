import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { commit, refresh, withLake } from "../catalog/lakes.ts";
import { KEYS, run, runAtTerminal } from "../cli/harness.ts";
import { trinoWanted } from "../engines/trino.ts";
import { overS3 } from "./kit.ts";

setDefaultTimeout(300_000); // Trino may have to be started, on a machine that is busy

const PATH = "provider=aihub/dataset=책/aa/bb/1.jpg";
const rowsFrom = (from: number) =>
  `SELECT range AS id, '${PATH}' AS path, 'u' AS upload_id, range AS source_row FROM range(${from}, ${from + 2})`;

test("a wrong target, word or time is told at once", async () => {
  for (const args of [["sync"], ["sync", "--to", "glue"], ["sync", "now", "--to", "trino"]]) {
    expect((await run(args, { env: { DATALAKE_LAKE: "/nowhere" } })).exit).toBe(2);
  }
  const outcome = await run(["sync", "--to", "athena", "--grace", "soon"], {
    env: { DATALAKE_LAKE: "/nowhere" },
  });
  expect(outcome.exit).toBe(2);
  expect(outcome.stderr).toContain("24h");
});

test("a person is asked where to", async () => {
  const asked = await runAtTerminal(["sync"], [["Where to?", KEYS.down, KEYS.enter]], {
    DATALAKE_LAKE: "/nowhere",
  });
  expect(asked.exit).toBe(4); // no lake there
});

test("settings that are missing are named", () =>
  withLake(async (bench) => {
    const env = { DATALAKE_LAKE: bench.lake.root, DATALAKE_SCRATCH: join(bench.folder, "scratch") };
    expect((await run(["sync", "--to", "athena"], { env })).exit).toBe(4); // no catalog yet
    await commit(bench, "create", rowsFrom(0));
    await refresh(bench);
    const outcome = await run(["sync", "--to", "athena"], { env });
    expect(outcome.exit).toBe(2);
    expect(outcome.stderr).toContain("s3.bucket");
  }));

describe.skipIf(!trinoWanted)("datalake sync --to trino", () => {
  test("says what it would do, does it, and then that nothing is left to do", () =>
    withLake(async (plain) => {
      const bench = await overS3(plain);
      const asset = bench.lake.layout.asset(PATH);
      await mkdir(dirname(asset), { recursive: true });
      await writeFile(asset, "image");
      await commit(bench, "create", rowsFrom(0));
      await refresh(bench);
      const env = {
        DATALAKE_LAKE: bench.lake.root,
        DATALAKE_SCRATCH: join(bench.folder, "scratch"),
        DATALAKE_CONFIG: bench.settings.configFile ?? "",
      };
      const json = async (...args: string[]) => {
        const outcome = await run(["sync", ...args, "--to", "trino", "--json"], { env });
        expect({ args, stderr: outcome.stderr, exit: outcome.exit }).toMatchObject({ args, exit: 0 });
        return JSON.parse(outcome.stdout);
      };
      expect(await json("status")).toMatchObject({
        synced_at: null,
        up_to_date: false,
        partitions_behind: 1,
      });
      expect(await json("--dry-run")).toMatchObject({
        files: 1,
        new_table: true,
        partitions_added: 1,
        statements: 6,
      });
      expect(await json()).toMatchObject({ objects: 2, assets: 0, partitions: 1 });
      expect(await json("status")).toMatchObject({ up_to_date: true, partitions_behind: 0 });
      expect(await json("--dry-run", "--assets")).toMatchObject({ files: 0, files_with_assets: 1 });
      expect(await json("--assets")).toMatchObject({ assets: 1 });
      expect(await json("--assets")).toMatchObject({ assets: 0, objects: 0, statements: 0 });
      await commit(bench, "append", rowsFrom(2));
      await refresh(bench);
      expect(await json("status")).toMatchObject({ up_to_date: false, partitions_behind: 1, files: 1 });
      const spoken = await run(["sync", "--to", "trino"], { env });
      expect(spoken.stdout).toContain("1 partition");
      expect(await json("--grace", "0")).toMatchObject({ removed: 2, objects: 0 });
      const found = await run(["search", "--engine", "trino", "--json"], { env });
      expect(JSON.parse(found.stdout)).toMatchObject({ engine: "trino", row_count: 4 });
    }));
});
