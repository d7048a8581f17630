import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { describeIssue } from "../schema/describe-issue.ts";
import { ExportIdSchema, ExportStateSchema, RemoteExportSchema } from "../schema/export.ts";
import { RowQuerySchema } from "../schema/query.ts";
import { checked } from "./checked.ts";
import type { ServerDeps } from "./deps.ts";
import type { Asker } from "./export-runs.ts";
import { answerFile, decodeRest } from "./file-answer.ts";

const ParamsSchema = v.object({ id: ExportIdSchema });
const FileSchema = v.object({ id: ExportIdSchema, "*": v.string() });

/** POST /exports; GET and DELETE /exports/{id}; GET and HEAD /exports/{id}/files/{path}. */
export function exportRoutes(deps: Pick<ServerDeps, "exports" | "callerName" | "callerRole" | "identityOf">) {
  const { exports } = deps;
  const askerOf = (request: Request): Asker => ({
    name: deps.callerName(request),
    role: deps.callerRole(request) ?? "reader",
    identity: deps.identityOf(request),
  });
  const file = ({ request, params }: { request: Request; params: { id: string; "*": string } }) => {
    const { path, bytes, sha256 } = exports.file(params.id, decodeRest(params["*"]) ?? "", askerOf(request));
    const headers = { "content-type": "application/octet-stream", "cache-control": "private, no-cache" };
    return answerFile(request, { path, sizeBytes: bytes, etag: `"${sha256}"`, headers });
  };
  return new Elysia({ name: "exports" })
    .post(
      "/exports",
      ({ request, body }) => {
        const query = checkValue(RowQuerySchema, body);
        if (!query.success) throw new AppError("usage", `the export: ${describeIssue(query.issues[0])}`);
        return exports.start(body, askerOf(request));
      },
      {
        body: checked(RemoteExportSchema),
        response: { 200: ExportStateSchema },
        detail: { summary: "Puts rows together as Parquet, Arrow or a dataset, to be downloaded" },
      },
    )
    .get("/exports/:id", ({ request, params }) => exports.get(params.id, askerOf(request)), {
      params: checked(ParamsSchema),
      response: { 200: ExportStateSchema },
      detail: { summary: "An export: state, progress, files with their sizes and digests" },
    })
    .delete(
      "/exports/:id",
      async ({ request, params }) => {
        await exports.remove(params.id, askerOf(request));
        return { removed: params.id };
      },
      {
        params: checked(ParamsSchema),
        response: { 200: v.object({ removed: v.string() }) },
        detail: { summary: "Stops an export and removes its files" },
      },
    )
    .get("/exports/:id/files/*", file, {
      params: checked(FileSchema),
      detail: { summary: "A file of a completed export, or a part of it" },
    })
    .head("/exports/:id/files/*", file, {
      params: checked(FileSchema),
      detail: { summary: "The size and digest of that file" },
    });
}
