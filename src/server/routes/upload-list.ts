import { Elysia } from "elysia";
import * as v from "valibot";
import { readRejects } from "../../jobs/read-rejects.ts";
import { readUploadList } from "../../jobs/upload-list.ts";
import { UploadIdSchema } from "../../schema/names.ts";
import { RejectListSchema, UploadListSchema } from "../../schema/upload-list.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS } from "../http/route-table.ts";

const DEFAULT_COMPLETED = 20;
const QuerySchema = v.object({
  all: v.optional(v.picklist(["true", "false"]), "false"),
  completed: v.optional(v.pipe(v.string(), v.regex(/^\d{1,4}$/, "is not a number from 0 to 9999"))),
});

const MAX_REJECTS = 10_000;
const RejectsQuerySchema = v.object({
  limit: v.optional(v.pipe(v.string(), v.regex(/^\d{1,5}$/, "is not a number of rows"))),
});

/** GET /uploads, GET /uploads/{id}/rejects. */
export function uploadListRoutes(deps: Pick<ServerDeps, "lake" | "settings" | "callerName">) {
  const { lake, settings, callerName } = deps;
  const uploads = new Elysia({ name: "upload-list" }).get(
    "/uploads",
    async ({ request, query: { all, completed } }) => {
      // Where callers have no names, they cannot be told apart.
      const owner = all === "true" ? undefined : callerName(request);
      const limit = Number(completed ?? DEFAULT_COMPLETED);
      return readUploadList(lake, { owner, completed: limit });
    },
    {
      query: checked(QuerySchema),
      response: { 200: UploadListSchema },
      detail: {
        summary: "Uploads of the caller with their state; with all=true those of everyone",
        ...READS,
      },
    },
  );
  return uploads.get(
    "/uploads/:id/rejects",
    ({ params: { id }, query: { limit } }) =>
      readRejects(lake, id, {
        limit: Math.min(Number(limit ?? MAX_REJECTS), MAX_REJECTS),
        scratch: settings.scratchFolder,
      }),
    {
      params: checked(v.object({ id: UploadIdSchema })),
      query: checked(RejectsQuerySchema),
      response: { 200: RejectListSchema },
      detail: { summary: "The rows of an upload that were rejected, and why", ...READS },
    },
  );
}
