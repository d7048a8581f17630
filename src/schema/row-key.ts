import * as v from "valibot";
import { AppError } from "../errors.ts";
import type { PartitionKey } from "./partition.ts";

/** Where a row is, in documents: its partition and its place in the upload. */
export const RowPlaceEntries = {
  provider: v.string(),
  dataset: v.string(),
  task: v.string(),
  variant: v.string(),
  upload_id: v.nullable(v.string()),
  /** 0-based position in the upload. */
  source_row: v.nullable(v.number()),
  source_name: v.nullable(v.string()),
};

/** Identifies a row by partition, upload and position in it, independent of later uploads. */
export interface RowKey extends PartitionKey {
  uploadId: string;
  sourceRow: number;
}

export function formatRowKey(
  { provider, dataset, task, variant }: PartitionKey,
  uploadId: string | null,
  sourceRow: number | null,
): string {
  return [provider, dataset, task, variant, uploadId ?? "", sourceRow ?? ""]
    .map((part) => encodeURIComponent(part))
    .join("/");
}

/** Parses the rest of a URL path. Throws `not_found` if it is invalid. */
export function parseRowKey(text: string): RowKey {
  const parts = text.split("/").map(decode);
  const [provider, dataset, task, variant, uploadId, row] = parts;
  const sourceRow = Number(row);
  if (
    parts.length !== 6 ||
    provider === undefined ||
    dataset === undefined ||
    task === undefined ||
    variant === undefined ||
    !/^u[0-9a-f]{32}$/.test(uploadId ?? "") ||
    !/^\d{1,15}$/.test(row ?? "")
  ) {
    throw new AppError("not_found", "there is no such row; take the key from GET /rows");
  }
  return { provider, dataset, task, variant, uploadId: uploadId as string, sourceRow };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part).normalize("NFC");
  } catch {
    return "";
  }
}
