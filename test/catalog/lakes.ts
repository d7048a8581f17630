import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type RefreshOptions, refreshCatalog } from "../../src/catalog/refresh.ts";
import { type CommitRequest, commitUpload } from "../../src/catalog/write.ts";
import { loadSettings, type Settings } from "../../src/config.ts";
import { initLake, type Lake } from "../../src/lake/lake.ts";
import { type LogFields, silentLogger } from "../../src/log.ts";
import { type Database, openDatabase } from "../../src/query/database.ts";
import { createUploadId } from "../../src/schema/names.ts";
import type { PartitionKey } from "../../src/schema/partition.ts";
import type { UploadManifest, UploadMode } from "../../src/schema/upload.ts";

export interface Workbench {
  folder: string;
  lake: Lake;
  settings: Settings;
  database: Database;
}

/** A lake of its own in a temp folder, removed afterwards. */
export async function withLake(use: (bench: Workbench) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-catalog-"));
  const scratch = join(folder, "scratch");
  const database = await openDatabase({ scratch, threads: 2 });
  try {
    const { lake } = await initLake(join(folder, "lake"));
    const settings = await loadSettings({
      env: {},
      cwd: folder,
      flags: { cache: join(folder, "cache"), scratch },
    });
    await use({ folder, lake, settings, database });
  } finally {
    database.close();
    await rm(folder, { recursive: true, force: true });
  }
}

export const KEY: PartitionKey = { provider: "aihub", dataset: "책", task: "raw", variant: "text" };

export function makeManifest(mode: UploadMode, key: PartitionKey = KEY): UploadManifest {
  return {
    format: 1,
    upload_id: createUploadId(),
    created_at: "2026-01-02T03:04:05.000Z",
    created_by: "kim",
    type: key.task === "raw" ? "raw" : "task",
    ...key,
    mode,
    images: "optimize",
    verify: "full",
    max_rejects: "1%",
    description: "",
    source: "",
    meta: {},
    rows: 0,
    columns: [],
    features: {},
    content: null,
    contents: 0,
    staged_files: 0,
    staged_bytes: 0,
    reference: null,
  };
}

/** Commits `select` as an upload would, from a staging folder. */
export async function commit(
  { lake, database }: Pick<Workbench, "lake" | "database">,
  mode: UploadMode,
  select: string,
  key: PartitionKey = KEY,
  known?: CommitRequest["known"],
) {
  const manifest = makeManifest(mode, key);
  return commitUpload(database, lake, {
    manifest,
    select,
    rejected: 0,
    ...(known && { known }),
  });
}

/** A refresh of the bench's catalog; one that had to start over from the files is a failure. */
export function refresh({ lake, settings }: Workbench, options: Partial<RefreshOptions> = {}) {
  const logger = {
    ...silentLogger,
    warn: (message: string, fields?: LogFields) => {
      if (message.includes("rebuil")) throw new Error(message, { cause: fields?.error });
    },
  };
  return refreshCatalog({ lake, settings, logger, ...options });
}

/** What a query over the published catalog gives, through a database of its own as any reader has. */
export async function query<T = Record<string, unknown>>(
  { lake, folder }: Workbench,
  sql: string,
): Promise<T[]> {
  const database = await openDatabase({ scratch: join(folder, "reader") });
  try {
    await database.run(`ATTACH '${lake.layout.catalogFile}' AS published (READ_ONLY)`);
    await database.run("USE published");
    return await database.rows<T>(sql);
  } finally {
    database.close();
  }
}
