import { Elysia } from "elysia";
import * as v from "valibot";
import { catalogInfo } from "../../catalog/info.ts";
import { removeUpload } from "../../jobs/remove-upload.ts";
import { retryUpload } from "../../jobs/staging.ts";
import {
  CatalogInfoSchema,
  RemovedUploadSchema,
  RetriedUploadSchema,
} from "../../schema/catalog-documents.ts";
import { RetryParametersSchema } from "../../schema/retry.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { changes, READS } from "../http/route-table.ts";

/** GET /catalog. */
export function catalogRoutes({ lake, settings }: Pick<ServerDeps, "lake" | "settings">) {
  return new Elysia({ name: "catalog" }).get("/catalog", () => catalogInfo({ lake, settings }), {
    response: { 200: CatalogInfoSchema },
    detail: { summary: "Contents of the published catalog", ...READS },
  });
}

/** POST /uploads/{id}/retry and /uploads/{id}/remove. */
export function retryRoutes({
  lake,
  callerName,
  callerRole,
}: Pick<ServerDeps, "lake" | "callerName" | "callerRole">) {
  const params = checked(v.object({ id: v.string() }));
  return new Elysia({ name: "retry" })
    .post(
      "/uploads/:id/retry",
      async ({ params: { id }, query: { max_rejects: maxRejects } }) => {
        const { provider, dataset, task, variant } = await retryUpload(lake, id, { maxRejects });
        return { upload_id: id, provider, dataset, task, variant, status: "pending" as const };
      },
      {
        params,
        query: checked(RetryParametersSchema),
        response: { 200: RetriedUploadSchema },
        detail: { summary: "Makes a failed upload pending again", ...changes("curator") },
      },
    )
    .post(
      "/uploads/:id/remove",
      ({ request, params: { id } }) =>
        removeUpload(lake, id, {
          owner: callerRole(request) === "admin" ? undefined : callerName(request),
        }),
      {
        params,
        response: { 200: RemovedUploadSchema },
        detail: {
          summary: "Takes back an upload that waits or has failed; of others only for administrators",
          ...changes("curator"),
        },
      },
    );
}
