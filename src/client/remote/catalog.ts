import * as v from "valibot";
import { AppError, throwIfCancelled } from "../../errors.ts";
import {
  CatalogInfoSchema,
  CatalogPartitionsSchema,
  type RebuildAnswer,
  RebuildLineSchema,
  type RetriedUpload,
  RetriedUploadSchema,
} from "../../schema/catalog-answers.ts";
import { parseValue } from "../../schema/check.ts";
import { readLines } from "../../util/lines.ts";
import type { CatalogClient } from "../lake-client.ts";
import { connectHttp } from "./http.ts";
import { describedError, unreachable } from "./server-error.ts";

/** A rebuild, or a list of 100,000 partitions, may take long. */
const LONG_MS = 24 * 3_600_000;

/** The catalog of a lake behind a server. */
export function connectCatalog(url: string, token?: string | undefined): CatalogClient {
  const http = connectHttp(url, token);
  return {
    info: (signal) => http.call("GET", "/catalog", CatalogInfoSchema, { signal }),
    partitions: async (signal) => {
      const options = { signal, timeoutMs: LONG_MS };
      return (await http.call("GET", "/partitions", CatalogPartitionsSchema, options)).partitions;
    },
    rebuild: async ({ full, signal, onStep }) => {
      const headers = { accept: "application/x-ndjson" };
      const sent = { body: { full }, headers, signal, timeoutMs: LONG_MS };
      const response = await http.send("POST", "/catalog/rebuild", sent);
      return readRebuild(http.url, response, signal, onStep);
    },
  };
}

/** Puts a failed upload back among the pending ones. */
export function retryUpload(
  url: string,
  token: string | undefined,
  uploadId: string,
): Promise<RetriedUpload> {
  const path = `/uploads/${encodeURIComponent(uploadId)}/retry`;
  return connectHttp(url, token).call("POST", path, RetriedUploadSchema);
}

/** Follows a rebuild to its end. Throws what it threw; `server_unreachable` when the line broke before. */
async function readRebuild(
  url: string,
  { body }: Response,
  signal: AbortSignal | undefined,
  onStep: ((step: string) => void) | undefined,
): Promise<RebuildAnswer> {
  try {
    for await (const text of readLines(body ?? new Blob().stream())) {
      const line = parseValue(v.pipe(v.string(), v.parseJson(), RebuildLineSchema), text);
      if ("result" in line) return line.result;
      if ("error" in line) throw describedError(line.error);
      onStep?.(line.step);
    }
  } catch (error) {
    throwIfCancelled(signal);
    throw error instanceof AppError ? error : unreachable(url, error);
  }
  throw unreachable(url, undefined);
}
