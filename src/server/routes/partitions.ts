import { Elysia } from "elysia";
import { catalogPartitions } from "../../catalog/info.ts";
import { CatalogPartitionsSchema } from "../../schema/catalog-documents.ts";
import type { ServerDeps } from "../deps.ts";
import { READS } from "../http/route-table.ts";

/** GET /partitions. */
export function partitionRoutes({ lake, settings }: Pick<ServerDeps, "lake" | "settings">) {
  return new Elysia({ name: "partitions" }).get("/partitions", () => catalogPartitions({ lake, settings }), {
    response: { 200: CatalogPartitionsSchema },
    detail: { summary: "Every partition of the catalog with its rows, bytes and version", ...READS },
  });
}
