import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refreshCatalog } from "../../src/catalog/refresh.ts";
import { loadSettings } from "../../src/config.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { silentLogger } from "../../src/log.ts";
import { openDatabase } from "../../src/query/database.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import { commit } from "../catalog/lakes.ts";

/** Rows of one partition: SQL of DuckDB that gives them in their order, `upload_id` and `source_row` among them. */
export interface LakePart {
  key: PartitionKey;
  select: string;
}

/** A lake with its published catalog. */
export interface EngineLake {
  /** A temp folder: the lake is in `lake`; the rest is the test's own. */
  folder: string;
  lake: Lake;
  /** Options of the DuckDB client. */
  duckdb: { path: string; scratch: string; memory: string; threads: number };
  remove(): Promise<void>;
}

/** Makes a lake of these partitions by committing and publishing them. */
export async function makeEngineLake(parts: readonly LakePart[]): Promise<EngineLake> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "datalake-engines-")));
  const scratch = join(folder, "scratch");
  const { lake } = await initLake(join(folder, "lake"));
  const database = await openDatabase({ scratch, threads: 2 });
  try {
    for (const { key, select } of parts) await commit({ lake, database }, "create", select, key);
  } finally {
    database.close();
  }
  const settings = await loadSettings({
    env: {},
    cwd: folder,
    flags: { cache: join(folder, "cache"), scratch },
  });
  await refreshCatalog({ lake, settings, logger: silentLogger });
  return {
    folder,
    lake,
    duckdb: { path: lake.layout.catalogFile, scratch, memory: "1GB", threads: 2 },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
