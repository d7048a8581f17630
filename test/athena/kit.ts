import { AthenaClient } from "../../src/query/athena/client.ts";
import type { ExecutionEffects } from "../../src/query/athena/execution.ts";
import type { AthenaOptions } from "../../src/query/athena/runner.ts";
import { useMoto } from "../engines/moto.ts";
import { useTrino } from "../engines/trino.ts";
import { type Loopback, startLoopback } from "./loopback.ts";

export interface AthenaBench {
  loopback: Loopback;
  options: AthenaOptions;
  s3: Bun.S3Client;
  bucket: string;
  client(change?: Partial<AthenaOptions>): AthenaClient;
}

/** Waits are short, and all else is as it is. */
export const QUICK: ExecutionEffects = {
  sleep: (_, signal) => (signal?.aborted ? Promise.resolve() : Bun.sleep(5)),
  random: () => 0.5,
  attempts: 3,
  nonce: () => crypto.randomUUID(),
};

/** A loopback Athena over tables of Trino, with a bucket of its own for results. */
export async function makeAthena(
  trino: { url: string; catalog: string; schema: string; table: string },
  scratch: string,
): Promise<AthenaBench> {
  const [moto, server] = await Promise.all([useMoto(), useTrino()]);
  // The SDK's chain finds them here.
  process.env.AWS_ACCESS_KEY_ID ??= moto.accessKeyId;
  process.env.AWS_SECRET_ACCESS_KEY ??= moto.secretAccessKey;
  const bucket = await moto.createBucket();
  const catalog = await server.createCatalog({ properties: moto.trinoProperties(bucket) });
  await server.run(`CREATE SCHEMA ${catalog}.unload WITH (location = 's3://${bucket}/schema')`);
  const loopback = await startLoopback({ trino, unload: { catalog, schema: "unload" } });
  const options: AthenaOptions = {
    database: trino.schema,
    table: trino.table,
    workgroup: "primary",
    region: moto.region,
    endpoint: loopback.endpoint,
    output: `s3://${bucket}/results`,
    s3: { region: moto.region, endpoint: moto.endpoint },
    scratch,
    limits: { maxScanBytes: 1e12, pricePerTb: 5, reuseMinutes: 0 },
  };
  return {
    loopback,
    options,
    bucket,
    s3: moto.client(bucket),
    client: (change = {}) => new AthenaClient({ ...options, ...change }, QUICK),
  };
}
