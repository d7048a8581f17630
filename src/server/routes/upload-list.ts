import { Elysia } from "elysia";
import * as v from "valibot";
import { parseSize } from "../../config.ts";
import { readRejects } from "../../jobs/read-rejects.ts";
import { readUploadList } from "../../jobs/upload-list.ts";
import { Sha256Schema, UploadIdSchema } from "../../schema/names.ts";
import { RejectListSchema, UploadListSchema } from "../../schema/upload-list.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS } from "../http/route-table.ts";
import { createRejectedPictures, rejectedName } from "../page/rejected-picture.ts";
import { respondWithThumb } from "../page/thumb-response.ts";
import { ownFolder } from "../work/own-folder.ts";

const DEFAULT_COMPLETED = 20;
const QuerySchema = v.object({
  all: v.optional(v.picklist(["true", "false"]), "false"),
  completed: v.optional(v.pipe(v.string(), v.regex(/^\d{1,4}$/, "is not a number from 0 to 9999"))),
});

const MAX_REJECTS = 10_000;
const RejectsQuerySchema = v.object({
  limit: v.optional(v.pipe(v.string(), v.regex(/^\d{1,5}$/, "is not a number of rows"))),
});

const PictureQuerySchema = v.object({
  page: v.optional(v.pipe(v.string(), v.regex(/^[1-9]\d{0,6}$/, "is not the number of a page"))),
});

/** GET /uploads, /uploads/{id}/rejects and /uploads/{id}/rejects/{sha256}. */
export function uploadListRoutes(
  deps: Pick<ServerDeps, "lake" | "settings" | "callerName" | "thumbs" | "selfCommand">,
) {
  const { lake, settings, callerName, thumbs, selfCommand } = deps;
  const pictureOf = createRejectedPictures({
    ...{ lake, thumbs, selfCommand, folder: ownFolder({ lake, settings }, "rejected") },
    maxBytes: parseSize(settings.images.max_bytes),
    maxPixels: settings.images.max_pixels,
  });
  const uploads = new Elysia({ name: "upload-list" }).get(
    "/uploads",
    async ({ request, query: { all, completed } }) => {
      // Where callers have no names, they cannot be told apart.
      const owner = all === "true" ? undefined : callerName(request);
      const limit = Number(completed ?? DEFAULT_COMPLETED);
      return readUploadList(lake, { owner, completed: limit, settings });
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
  const pictures = uploads.get(
    "/uploads/:id/rejects/:sha256",
    async ({ request, params: { id: uploadId, sha256: hash }, query: { page } }) => {
      const picture = { uploadId, hash, page: page === undefined ? undefined : Number(page) };
      return respondWithThumb(request, rejectedName(picture), await pictureOf(picture, request.signal));
    },
    {
      params: checked(v.object({ id: UploadIdSchema, sha256: Sha256Schema })),
      query: checked(PictureQuerySchema),
      detail: {
        summary: "A small WebP of what a rejected row brought: of a document the page of that number, from 1",
        rows: { "image/webp": v.unknown() },
        ...READS,
      },
    },
  );
  return pictures.get(
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
