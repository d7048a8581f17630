import type { S3Client } from "bun";
import type { Settings } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { fromAws, openAwsAthena } from "./athena.ts";

export interface S3Place {
  bucket: string;
  region: string | undefined;
  endpoint: string | undefined;
}

/** The configured bucket; throws `invalid_config` without one. */
export function bucketOf({ s3 }: Pick<Settings, "s3">): S3Place {
  const { bucket, region, endpoint } = s3;
  if (bucket !== undefined) return { bucket, region, endpoint };
  throw new AppError("invalid_config", "no bucket is given; set s3.bucket", {
    details: { key: "s3.bucket" },
  });
}

/** Renew credentials this long before they expire. */
const EARLY_MS = 5 * 60_000;

/**
 * Returns Bun's `S3Client` for a bucket, with credentials of the AWS SDK's chain. Call it before each piece
 * of work: it renews expiring credentials. Throws `unauthorized` without credentials.
 */
export function createS3(place: S3Place): () => Promise<S3Client> {
  let current: { client: S3Client; endsMs: number } | undefined;
  return async () => {
    if (current !== undefined && Date.now() < current.endsMs - EARLY_MS) return current.client;
    try {
      const chain = await openAwsAthena({ region: place.region, endpoint: undefined });
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await chain.config.credentials();
      const region = place.region ?? (await chain.config.region());
      const client = new Bun.S3Client({
        accessKeyId,
        secretAccessKey,
        region,
        bucket: place.bucket,
        ...(sessionToken !== undefined && { sessionToken }),
        ...(place.endpoint !== undefined && { endpoint: place.endpoint }),
      });
      current = { client, endsMs: expiration?.getTime() ?? Number.POSITIVE_INFINITY };
      return client;
    } catch (error) {
      throw fromAws(error, `the bucket ${place.bucket}`);
    }
  };
}

/** Splits `s3://bucket/a/b` into bucket and key; a key ending in a slash is a folder. */
export function parseS3(address: string): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^s3a?:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  return { bucket, key };
}

/** Objects with a prefix and their sizes, in ascending order. */
export async function* listObjects(
  client: S3Client,
  prefix: string,
): AsyncGenerator<{ key: string; sizeBytes: number; etag: string }> {
  let continuationToken: string | undefined;
  do {
    const page = await client.list({ prefix, ...(continuationToken !== undefined && { continuationToken }) });
    for (const { key, size, eTag } of page.contents ?? [])
      yield { key, sizeBytes: size ?? 0, etag: eTag ?? "" };
    continuationToken = page.isTruncated ? page.nextContinuationToken : undefined;
  } while (continuationToken !== undefined);
}

const DELETES_AT_ONCE = 16;

/** Deletes objects, ignoring missing ones. */
export async function deleteObjects(client: S3Client, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += DELETES_AT_ONCE) {
    await Promise.all(keys.slice(at, at + DELETES_AT_ONCE).map((key) => client.delete(key)));
  }
}
