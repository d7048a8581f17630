import { join } from "node:path";
import * as v from "valibot";
import {
  createTables,
  insertKnown,
  type KnownPartition,
  NEW_FILE,
  writeHead,
} from "../../src/catalog/tables.ts";
import { openDatabase } from "../../src/query/database.ts";
import { CATALOG_FORMAT } from "../../src/query/duckdb/homes.ts";
import { SyncManifestSchema } from "../../src/sync/model.ts";
import { planSync } from "../../src/sync/plan.ts";
import { type MotoServer, useMoto } from "../engines/moto.ts";
import { type Benchmark, formatSeconds, type Result } from "./benchmark.ts";
import { createBenchLake } from "./lake.ts";
import type { Sample } from "./measure.ts";

/**
 * What AWS documents: requests a second for each prefix of S3 (Best practices design patterns), and how many DDL
 * statements run at once (Athena service quotas). How long one takes is not documented: 2 s are what is usual.
 */
const AWS = { putsPerSecond: 3500, headsPerSecond: 5500, ddlAtOnce: 20, ddlSeconds: 2 };
const BYTES_PER_SECOND = 1e9 / 8;

interface DryRun {
  files: number;
  statements: number;
  partitions_added: number;
}

/** A plan for 100,000 partitions, and for the append to one of them that follows. Nothing is sent. */
const syncPlan: Benchmark = {
  name: "sync-plan",
  run: async (context) => {
    const lake = await createBenchLake(context);
    const count = Math.round(100_000 * context.scale);
    const known = Array.from({ length: count }, (_, at) => makePartition(at));
    const catalog = join(lake.root, "catalog.duckdb");
    await makeCatalog(catalog, context.work, known, 1);
    const moto = await useMoto();
    const bucket = await moto.createBucket();
    Object.assign(lake.env, awsEnvironment(moto, bucket));
    const first = await lake.run("sync", "--to", "athena", "--dry-run");
    await putManifest(moto, bucket, known);
    const [changed] = known;
    if (changed === undefined) throw new Error("no partition");
    changed.version += 1;
    changed.files = [...changed.files, "data-00000002.parquet"];
    await Bun.file(catalog).delete();
    await makeCatalog(catalog, context.work, known, 2);
    const second = await lake.run("sync", "--to", "athena", "--dry-run");
    const bytes = known.reduce((sum, partition) => sum + partition.bytes, 0);
    return [...firstResults(first, count, bytes), ...secondResults(second)];
  },
};

function makePartition(at: number): KnownPartition {
  const columns = [
    "hash",
    "path",
    "width",
    "height",
    "format",
    "bytes",
    "label",
    "lang",
    "src",
    "page",
    "note",
  ];
  return {
    provider: `제공자-${at % 20}`,
    dataset: `데이터-${at % 5000}`,
    task: "ocr",
    variant: `v-${at}`,
    rows: 1000,
    bytes: 700_000,
    base_version: 1,
    version: 1,
    files: ["data.parquet"],
    columns: columns.map((name) => ({ name, type: "VARCHAR", nulls: 0, nfc: true })),
    features: "{}",
    uploaded_by: "kim",
    uploaded_at: "2026-01-02T03:04:05.000Z",
    license: null,
    open_columns: null,
    uploads: [Bun.randomUUIDv7()],
    folder_mtime: "1",
    part: at,
    home: 1,
    cells: { integers: [], numbers: [], texts: [] },
  };
}

/** A catalog that lists partitions without their rows. */
async function makeCatalog(
  path: string,
  scratch: string,
  known: readonly KnownPartition[],
  generation: number,
): Promise<void> {
  const database = await openDatabase({ scratch });
  try {
    await database.run(`ATTACH '${path}' AS made (${NEW_FILE})`);
    await database.run("USE made");
    await createTables(database);
    await insertKnown(database, known);
    const built_at = new Date().toISOString();
    await writeHead(database, {
      format: CATALOG_FORMAT,
      generation,
      built_at,
      merged_generation: generation,
      next_row: 0,
      attempt: null,
      columns_left_out: [],
    });
    await database.run("USE memory");
    await database.run("DETACH made");
  } finally {
    database.close();
  }
}

function awsEnvironment(moto: MotoServer, bucket: string): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: moto.accessKeyId,
    AWS_SECRET_ACCESS_KEY: moto.secretAccessKey,
    DATALAKE_S3_BUCKET: bucket,
    DATALAKE_S3_ENDPOINT: moto.endpoint,
    DATALAKE_S3_REGION: moto.region,
    DATALAKE_ATHENA_REGION: moto.region,
  };
}

/** What the first sync would have left. */
async function putManifest(
  moto: MotoServer,
  bucket: string,
  known: readonly KnownPartition[],
): Promise<void> {
  const plan = planSync({
    target: "athena",
    shared: false,
    generation: 1,
    partitions: known.map(({ columns, uploads, ...one }) => ({
      ...one,
      columns: columns.map(({ name, type }) => ({ name, type, isEmpty: false })),
      first_upload: uploads[0] ?? "",
      last_upload: uploads.at(-1) ?? "",
    })),
    before: undefined,
    nowMs: 0,
    graceMs: 0,
  });
  const manifest = v.parse(SyncManifestSchema, {
    ...plan,
    format: 1,
    synced_at: new Date(0).toISOString(),
    columns: plan.table.columns,
  });
  await moto.client(bucket).write("datalake/athena/manifest.json", JSON.stringify(manifest));
}

function firstResults({ seconds, peakBytes, stdout }: Sample, count: number, bytes: number): Result[] {
  const { files, statements } = JSON.parse(stdout) as DryRun;
  if (files !== count) throw new Error(`${files} files planned for ${count} partitions`);
  const requests = files / AWS.putsPerSecond + files / AWS.headsPerSecond;
  const ddl = (statements / AWS.ddlAtOnce) * AWS.ddlSeconds;
  const send = Math.max(requests, bytes / BYTES_PER_SECOND);
  return [
    {
      job: `memory of a sync's planner, ${count} partitions`,
      floor: "",
      jobFigure: `${Math.round(peakBytes / 1e6)} MB`,
      floorFigure: "",
      value: peakBytes / 1e6,
      limit: 500,
      unit: "MB",
      note: `planned in ${formatSeconds(seconds)}: ${files} objects (${Math.round(bytes / 1e9)} GB), ${statements} statements; at AWS's limits and 1 Gbit/s ${formatSeconds(send)} to send, ${formatSeconds(ddl)} for the tables`,
    },
  ];
}

function secondResults({ seconds, peakBytes, stdout }: Sample): Result[] {
  const { files, statements } = JSON.parse(stdout) as DryRun;
  return [
    {
      job: "data objects and statements of the sync after one append",
      floor: "",
      jobFigure: `${files} object, ${statements} statement`,
      floorFigure: "",
      value: Math.max(files, statements),
      limit: 1,
      unit: "x",
      note: `planned in ${formatSeconds(seconds)}, ${Math.round(peakBytes / 1e6)} MB`,
    },
  ];
}

export const syncBenchmarks: Benchmark[] = [syncPlan];
