import {
  type CatalogInfoAnswer,
  CatalogInfoSchema,
  type CatalogPartitionAnswer,
  CatalogPartitionsSchema,
  type RebuildAnswer,
  RebuildResultSchema,
  type RetriedUpload,
  RetriedUploadSchema,
} from "../schema/catalog-answers.ts";
import { connectHttp } from "./remote-http.ts";

/** The catalog of a lake behind a server. Errors are those of the lake itself. */
export interface RemoteCatalog {
  info(signal?: AbortSignal): Promise<CatalogInfoAnswer>;
  partitions(signal?: AbortSignal): Promise<{ partitions: CatalogPartitionAnswer[] }>;
  /** Ends when the catalog is published, which may take minutes. */
  rebuild(options: { full: boolean; signal?: AbortSignal | undefined }): Promise<RebuildAnswer>;
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
    rebuild: ({ full, signal }) =>
      http.call("POST", "/catalog/rebuild", RebuildResultSchema, {
        body: { full },
        signal,
        timeoutMs: LONG_MS,
      }),
    retryUpload: (uploadId) =>
      http.call("POST", `/uploads/${encodeURIComponent(uploadId)}/retry`, RetriedUploadSchema),
  };
}
