import { Elysia } from "elysia";
import * as v from "valibot";
import { catalogInfo } from "../catalog/info.ts";
import { refreshCatalog } from "../catalog/refresh.ts";
import { retryUpload } from "../jobs/staging.ts";
import { CatalogInfoSchema, RebuildResultSchema, RetriedUploadSchema } from "../schema/catalog-answers.ts";
import type { ServerDeps } from "./deps.ts";

type CatalogDeps = Pick<ServerDeps, "lake" | "settings" | "logger" | "keepOpen">;

/** GET /catalog, POST /catalog/rebuild. A rebuild ends when its connection closes; nothing is published then. */
export function catalogRoutes({ lake, settings, logger, keepOpen }: CatalogDeps) {
  return new Elysia({ name: "catalog" })
    .get("/catalog", () => catalogInfo({ lake, settings }), {
      response: { 200: CatalogInfoSchema },
      detail: { summary: "What the published catalog holds" },
    })
    .post(
      "/catalog/rebuild",
      ({ request, body }) => {
        keepOpen(request);
        const full = body?.full ?? false;
        return refreshCatalog({ lake, settings, full, logger, signal: request.signal });
      },
      {
        body: v.nullish(v.strictObject({ full: v.optional(v.boolean()) })),
        response: { 200: RebuildResultSchema },
        detail: { summary: "Brings the catalog in line with the partitions; with `full` builds it anew" },
      },
    );
}

/** POST /uploads/{id}/retry. */
export function retryRoutes({ lake }: Pick<ServerDeps, "lake">) {
  return new Elysia({ name: "retry" }).post(
    "/uploads/:id/retry",
    async ({ params: { id } }) => {
      const { provider, dataset, task, variant } = await retryUpload(lake, id);
      return { upload_id: id, provider, dataset, task, variant, status: "pending" as const };
    },
    {
      params: v.object({ id: v.string() }),
      response: { 200: RetriedUploadSchema },
      detail: { summary: "Puts a failed upload back among the pending ones" },
    },
  );
}
