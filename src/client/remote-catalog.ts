import * as v from "valibot";
import { AppError, throwIfCancelled } from "../errors.ts";
import {
  type CatalogInfoAnswer,
  CatalogInfoSchema,
  type CatalogPartitionAnswer,
  CatalogPartitionsSchema,
  type RebuildAnswer,
  RebuildLineSchema,
  type RetriedUpload,
  RetriedUploadSchema,
} from "../schema/catalog-answers.ts";
import { parseValue } from "../schema/check.ts";
import { readLines } from "../util/lines.ts";
import { connectHttp } from "./remote-http.ts";
import { describedError, unreachable } from "./server-error.ts";

export interface RebuildOptions {
  full: boolean;
  signal?: AbortSignal | undefined;
  onStep?: (step: string) => void;
}

/** The catalog of a lake behind a server. Errors are those of the lake itself. */
export interface RemoteCatalog {
  info(signal?: AbortSignal): Promise<CatalogInfoAnswer>;
  partitions(signal?: AbortSignal): Promise<{ partitions: CatalogPartitionAnswer[] }>;
  /** Ends when the catalog is published, which may take minutes. */
  rebuild(options: RebuildOptions): Promise<RebuildAnswer>;
  /** Puts a failed upload back among the pending ones. */
  retryUpload(uploadId: string): Promise<RetriedUpload>;
}

/** A rebuild, or a list of 100,000 partitions, may take long. */
const LONG_MS = 24 * 3_600_000;

export function connectCatalog(url: string, token?: string | undefined): RemoteCatalog {
  const http = connectHttp(url, token);
  return {
    info: (signal) => http.call("GET", "/catalog", CatalogInfoSchema, { signal }),
    partitions: (signal) =>
      http.call("GET", "/partitions", CatalogPartitionsSchema, { signal, timeoutMs: LONG_MS }),
    rebuild: async ({ full, signal, onStep }) => {
      const headers = { accept: "application/x-ndjson" };
      const sent = { body: { full }, headers, signal, timeoutMs: LONG_MS };
      const response = await http.send("POST", "/catalog/rebuild", sent);
      return readRebuild(http.url, response, signal, onStep);
    },
    retryUpload: (uploadId) =>
      http.call("POST", `/uploads/${encodeURIComponent(uploadId)}/retry`, RetriedUploadSchema),
  };
}

/** Follows a rebuild to its end. Throws what it threw; `server_unreachable` when the line broke before. */
async function readRebuild(
  url: string,
  { body }: Response,
  signal: AbortSignal | undefined,
  onStep: (step: string) => void = () => {},
): Promise<RebuildAnswer> {
  try {
    for await (const text of readLines(body ?? new Blob().stream())) {
      const line = parseValue(v.pipe(v.string(), v.parseJson(), RebuildLineSchema), text);
      if ("result" in line) return line.result;
      if ("error" in line) throw describedError(line.error);
      onStep(line.step);
    }
  } catch (error) {
    throwIfCancelled(signal);
    throw error instanceof AppError ? error : unreachable(url, error);
  }
  throw unreachable(url, undefined);
}
