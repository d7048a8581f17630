import {
  CatalogInfoSchema,
  CatalogPartitionsSchema,
  type RemovedUpload,
  RemovedUploadSchema,
  type RetriedUpload,
  RetriedUploadSchema,
} from "../../schema/catalog-documents.ts";
import type { RetryOptions } from "../../schema/retry.ts";
import type { CatalogClient } from "../lake-client.ts";
import { rebuildBy } from "../long-operations.ts";
import { connectHttp } from "./http.ts";
import { connectOperations } from "./operations.ts";

/** A list of 100,000 partitions may take long. */
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
    rebuild: rebuildBy(connectOperations(http)),
  };
}

/** Makes a failed upload pending again. */
export function retryUpload(
  url: string,
  token: string | undefined,
  uploadId: string,
  { maxRejects }: RetryOptions = {},
): Promise<RetriedUpload> {
  const limit = maxRejects === undefined ? "" : `?max_rejects=${encodeURIComponent(maxRejects)}`;
  const path = `/uploads/${encodeURIComponent(uploadId)}/retry${limit}`;
  return connectHttp(url, token).call("POST", path, RetriedUploadSchema);
}

/** Takes back an upload that waits or has failed. */
export function removeUpload(
  url: string,
  token: string | undefined,
  uploadId: string,
): Promise<RemovedUpload> {
  const path = `/uploads/${encodeURIComponent(uploadId)}/remove`;
  return connectHttp(url, token).call("POST", path, RemovedUploadSchema);
}
