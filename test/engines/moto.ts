import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { sharedServer } from "./shared-servers.ts";
import { spawnWatched, startOnFreePort } from "./watched.ts";

const PROGRAM = resolve(import.meta.dir, "../../.venv/moto/bin/moto_server");

/** A running S3 server (moto's), which answers Athena's and Glue's API too, but runs no SQL. */
export interface MotoServer {
  /** `http://127.0.0.1:<port>`. */
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Makes a bucket of its own and gives its name. */
  createBucket(): Promise<string>;
  /** Any client of that bucket. */
  client(bucket: string): Bun.S3Client;
  /** What `createCatalog` of the Trino fixture needs to read and write there; its metastore lies in the bucket. */
  trinoProperties(bucket: string): Record<string, string>;
}

let shared: Promise<MotoServer> | undefined;

/** The one S3 server of this test run, started when first asked for (2 s). */
export function useMoto(): Promise<MotoServer> {
  shared ??= sharedServer("moto", startMoto).then(motoAt);
  return shared;
}

/** Starts an S3 server that ends with this process, however that ends; gives its URL. */
export async function startMoto(): Promise<string> {
  if (!existsSync(PROGRAM)) {
    throw new Error("The S3 server for tests is missing; make its environment with .ci/python-environments");
  }
  return startOnFreePort(async (port) => {
    const folder = await mkdtemp(join(tmpdir(), "datalake-moto-"));
    const child = spawnWatched("moto", folder, [PROGRAM, "-H", "127.0.0.1", "-p", String(port)]);
    const endpoint = `http://127.0.0.1:${port}`;
    await untilReady(endpoint, child, folder);
    return endpoint;
  });
}

function motoAt(endpoint: string): MotoServer {
  const keys = { accessKeyId: "test", secretAccessKey: "test-secret" };
  return {
    endpoint,
    region: "us-east-1",
    ...keys,
    createBucket: async () => {
      const bucket = `bucket-${randomBytes(6).toString("hex")}`;
      const answer = await fetch(`${endpoint}/${bucket}`, { method: "PUT" });
      if (!answer.ok) throw new Error(`no bucket: ${answer.status} ${await answer.text()}`);
      return bucket;
    },
    client: (bucket) => new Bun.S3Client({ ...keys, endpoint, bucket, region: "us-east-1" }),
    trinoProperties: (bucket) => ({
      "hive.metastore.catalog.dir": `s3://${bucket}/meta`,
      "s3.endpoint": endpoint,
      "s3.region": "us-east-1",
      "s3.aws-access-key": keys.accessKeyId,
      "s3.aws-secret-key": keys.secretAccessKey,
    }),
  };
}

const START_LIMIT_MS = 110_000;

async function untilReady(endpoint: string, child: Bun.Subprocess, folder: string): Promise<void> {
  const deadline = Date.now() + START_LIMIT_MS;
  while (Date.now() < deadline && child.exitCode === null) {
    if (
      await fetch(`${endpoint}/moto-api/`).then(
        ({ ok }) => ok,
        () => false,
      )
    )
      return;
    await Bun.sleep(100);
  }
  const said = await Bun.file(join(folder, "moto.err")).text();
  await rm(folder, { recursive: true, force: true });
  throw new Error(`The S3 server for tests did not start: ${said.slice(-2000)}`);
}
