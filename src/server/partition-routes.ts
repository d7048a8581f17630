import { Elysia } from "elysia";
import * as v from "valibot";
import { catalogPartitions } from "../catalog/info.ts";
import { PartitionKeySchema } from "../schema/partition.ts";
import type { ServerDeps } from "./deps.ts";

const PartitionsSchema = v.object({
  partitions: v.array(
    v.object({
      ...PartitionKeySchema.entries,
      rows: v.number(),
      bytes: v.number(),
      version: v.number(),
    }),
  ),
});

/** GET /partitions. */
export function partitionRoutes({ lake, settings }: Pick<ServerDeps, "lake" | "settings">) {
  return new Elysia({ name: "partitions" }).get("/partitions", () => catalogPartitions({ lake, settings }), {
    response: { 200: PartitionsSchema },
    detail: { summary: "Every partition of the catalog with its rows, bytes and version" },
  });
}
