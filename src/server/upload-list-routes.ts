import { Elysia } from "elysia";
import * as v from "valibot";
import { listUploadsOf } from "../jobs/upload-list.ts";
import { ListedUploadSchema } from "../schema/upload-list.ts";
import type { ServerDeps } from "./deps.ts";

const DEFAULT_COMPLETED = 20;
const QuerySchema = v.object({
  all: v.optional(v.picklist(["true", "false"]), "false"),
  completed: v.optional(v.pipe(v.string(), v.regex(/^\d{1,4}$/, "is not a number from 0 to 9999"))),
});

/** GET /uploads. */
export function uploadListRoutes({ lake, callerName }: Pick<ServerDeps, "lake" | "callerName">) {
  return new Elysia({ name: "upload-list" }).get(
    "/uploads",
    async ({ request, query: { all, completed } }) => {
      // Where callers have no names there is nobody to tell apart.
      const owner = all === "true" ? undefined : callerName(request);
      const limit = Number(completed ?? DEFAULT_COMPLETED);
      return { uploads: await listUploadsOf(lake, { owner, completed: limit }) };
    },
    {
      query: QuerySchema,
      response: { 200: v.object({ uploads: v.array(ListedUploadSchema) }) },
      detail: { summary: "Uploads of the caller with their state; with all=true those of everybody" },
    },
  );
}
