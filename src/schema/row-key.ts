import * as v from "valibot";
import { AppError } from "../errors.ts";
import { listOf, textUpTo } from "./bounds.ts";
import { quoteExcerpt } from "./excerpt.ts";
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
  const key = readRowKey(text);
  if (key === undefined) throw new AppError("not_found", "there is no such row; take the key from GET /rows");
  return key;
}

/** The key of a text; its parts may be URL-encoded. */
export function readRowKey(text: string): RowKey | undefined {
  const parts = text.split("/").map(decode);
  const [provider = "", dataset = "", task = "", variant = "", uploadId = "", row = ""] = parts;
  const isKey = parts.length === 6 && parts.every((part) => part !== "");
  if (!isKey || !/^u[0-9a-f]{32}$/.test(uploadId) || !/^\d{1,15}$/.test(row)) return undefined;
  return { provider, dataset, task, variant, uploadId, sourceRow: Number(row) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part).normalize("NFC");
  } catch {
    return "";
  }
}

/** So many fit into a request (`server.max_body`) and into a statement of Athena. */
export const MAX_ROW_KEYS = 5000;
/** Four names of at most 128 bytes, URL-encoded, and the place in the upload. */
const MAX_KEY_CHARS = 2000;

/** Keys of single rows; the output has each once. */
export const RowKeysSchema = v.pipe(
  listOf(textUpTo(MAX_KEY_CHARS), MAX_ROW_KEYS),
  v.minLength(1, "name no row"),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    const at = dataset.value.findIndex((text) => readRowKey(text) === undefined);
    if (at < 0) return;
    addIssue({
      message: `row ${at + 1} of the list, ${quoteExcerpt(dataset.value[at] ?? "")}, is no key; write provider/dataset/task/variant/upload_id/source_row`,
    });
  }),
  v.transform((keys) => [...new Set(keys.map((text) => keyOf(readRowKey(text) as RowKey)))]),
);

function keyOf(key: RowKey): string {
  return formatRowKey(key, key.uploadId, key.sourceRow);
}
