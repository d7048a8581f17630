import { Elysia } from "elysia";
import * as v from "valibot";
import { catalogPartitions } from "../../catalog/info.ts";
import { AppError } from "../../errors.ts";
import { CatalogPartitionsSchema } from "../../schema/catalog-documents.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS } from "../http/route-table.ts";

const QuerySchema = v.object({ missing: v.optional(v.picklist(["empty"], "is not empty")) });

/** GET /partitions. */
export function partitionRoutes({ lake, settings }: Pick<ServerDeps, "lake" | "settings">) {
  return new Elysia({ name: "partitions" }).get(
    "/partitions",
    ({ query: { missing } }) =>
      catalogPartitions({ lake, settings }).catch((error) => {
        const isNone = error instanceof AppError && error.code === "not_found";
        if (isNone && missing === "empty") return { partitions: [] };
        throw error;
      }),
    {
      query: checked(QuerySchema),
      response: { 200: CatalogPartitionsSchema },
      detail: {
        summary:
          "Every partition of the catalog with its rows, bytes and version; with missing=empty none where there is no catalog yet",
        ...READS,
      },
    },
  );
}
