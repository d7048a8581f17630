import type { S3Client } from "bun";
import type { Settings } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { fromAws, openAwsAthena } from "./athena.ts";

export interface S3Place {
  bucket: string;
  region: string | undefined;
  endpoint: string | undefined;
}

/** The bucket of the settings; throws `invalid_config` without one. */
export function bucketOf({ s3 }: Pick<Settings, "s3">): S3Place {
  const { bucket, region, endpoint } = s3;
  if (bucket !== undefined) return { bucket, region, endpoint };
  throw new AppError("invalid_config", "no bucket is given; set s3.bucket", {
    details: { key: "s3.bucket" },
  });
}

/** Credentials are asked for again so long before they end. */
const EARLY_MS = 5 * 60_000;

/**
 * Clients of one bucket, with credentials of the AWS SDK's chain, as `S3Client` of Bun. Ask for one before each piece of
 * work: it is another when the credentials were about to end. Throws `unauthorized` where the chain has none.
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

/** The bucket and key of `s3://bucket/a/b`; a key that ends in a slash is a folder. */
export function parseS3(address: string): { bucket: string; key: string } {
  const [, bucket = "", key = ""] = /^s3a?:\/\/([^/]+)\/?(.*)$/.exec(address) ?? [];
  return { bucket, key };
}

/** Every object below a prefix, with its size; names ascending. */
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

/** Deletes objects; one that is gone already is no error. */
export async function deleteObjects(client: S3Client, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += DELETES_AT_ONCE) {
    await Promise.all(keys.slice(at, at + DELETES_AT_ONCE).map((key) => client.delete(key)));
  }
}
