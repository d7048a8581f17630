import { type CatalogSource, catalogPartitions } from "../catalog/info.ts";
import { AppError } from "../errors.ts";
import { isTerminal, type JobRecord, type UploadOutcome } from "../schema/job.ts";
import { formatPartition } from "../schema/partition.ts";

/** Whether a job may have stored uploads that it did not publish. One at work has not come to that yet. */
export function mayBeUnpublished(job: JobRecord): boolean {
  return isTerminal(job) && (job.status !== "completed" || job.error !== undefined);
}

/**
 * Ids of those of `stored` that the published catalog lacks. None where it cannot be read: that is not what they lack.
 */
export async function findUnpublished(
  source: CatalogSource,
  stored: readonly UploadOutcome[],
): Promise<Set<string>> {
  const published = await readVersions(source);
  const isThere = ({ version = 0, ...upload }: UploadOutcome) =>
    (published?.get(formatPartition(upload)) ?? -1) >= version;
  return new Set(
    published === undefined ? [] : stored.filter((one) => !isThere(one)).map(({ upload_id }) => upload_id),
  );
}

async function readVersions(source: CatalogSource): Promise<Map<string, number> | undefined> {
  try {
    const { partitions } = await catalogPartitions(source);
    return new Map(partitions.map((one) => [formatPartition(one), one.version]));
  } catch (error) {
    return error instanceof AppError && error.code === "not_found" ? new Map() : undefined;
  }
}
