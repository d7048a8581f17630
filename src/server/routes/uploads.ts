import { Elysia } from "elysia";
import * as v from "valibot";
import { heldNames } from "../../catalog/held-names.ts";
import { parseSize } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { checkUpload, knownPartitions } from "../../ingest/local-destination.ts";
import {
  beginReceiving,
  dropReceiving,
  knownContents,
  receiveFile,
  receiveRows,
  requireReceiving,
} from "../../ingest/receive.ts";
import { commitReceived } from "../../ingest/receive-commit.ts";
import { openDatabase } from "../../query/database.ts";
import { checkValue } from "../../schema/check.ts";
import { FeaturesSchema } from "../../schema/columns.ts";
import { Sha256Schema, UploadIdSchema } from "../../schema/names.ts";
import { MAX_DOCUMENT_BYTES } from "../../schema/pages.ts";
import { PartitionKeySchema } from "../../schema/partition.ts";
import {
  HashesSchema,
  NameLookupSchema,
  UploadOfferSchema,
  WaitingUploadSchema,
} from "../../schema/receiving.ts";
import { type UploadManifest, UploadManifestSchema } from "../../schema/upload.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { changes, READS, termsOf } from "../http/route-table.ts";
import { findCommittedUpload, isOwn } from "../work/committed-upload.ts";

const ParamsSchema = v.object({ id: UploadIdSchema });
const DoneSchema = v.object({ upload_id: v.string() });

/** Of a piece the audit log has what failed: there are many, and the commit says it all. */
const PIECE = termsOf({ role: "curator", audit: "failed", body: "stream" });

/** POST /uploads; POST /uploads/{id}/known and /commit; PUT /uploads/{id}/files/{sha256} and /rows; DELETE /uploads/{id}. */
export function uploadRoutes(deps: Pick<ServerDeps, "lake" | "settings" | "callerName" | "keepOpen">) {
  const { lake, settings, callerName, keepOpen } = deps;
  const ownerOf = (request: Request) => callerName(request) ?? null;
  const receivedBy = (request: Request, id: string) => requireReceiving(lake, id, ownerOf(request));
  // Of a content it is not known whether it is an image or a document.
  const maxBytes = Math.max(parseSize(settings.images.max_bytes), MAX_DOCUMENT_BYTES);
  const limits = {
    maxRows: settings.serve.max_upload_rows,
    maxBytes: parseSize(settings.serve.max_upload_bytes),
  };
  const commit = async (request: Request, id: string, given: UploadManifest) => {
    const received = await receivedBy(request, id).catch(async (error) => {
      const before = await findCommittedUpload(lake, id);
      if (before === undefined || !isOwn(before, callerName(request))) throw error;
      return before;
    });
    if ("rows" in received) return { ...given, rows: received.rows };
    // The order of uploads goes by these times: those of one clock.
    const created_at = new Date().toISOString();
    const manifest = { ...given, created_at, created_by: callerName(request) ?? given.created_by };
    const database = await openDatabase({ scratch: settings.scratchFolder, memory: "256MB", threads: 1 });
    try {
      return await commitReceived(lake, database, received, manifest, limits);
    } finally {
      database.close();
    }
  };
  return new Elysia({ name: "uploads" })
    .post(
      "/uploads/check",
      async ({ body: { key, mode, columns, refers_to_raw: refersToRaw } }) => {
        const there = await checkUpload(lake, { key, mode, columns, refersToRaw });
        const named = there.columns.map(({ name, type }) => ({ name, type }));
        return {
          ok: true,
          columns: named,
          features: [...there.features],
          notices: [...there.notices],
          waiting: [...there.waiting],
        };
      },
      {
        body: checked(UploadOfferSchema),
        response: {
          200: v.object({
            ok: v.boolean(),
            columns: v.array(v.object({ name: v.string(), type: v.string() })),
            features: v.array(FeaturesSchema),
            notices: v.array(v.string()),
            waiting: v.array(WaitingUploadSchema),
          }),
        },
        detail: { summary: "Whether the lake would accept an upload; starts none", ...changes("curator") },
      },
    )
    .post(
      "/uploads/names",
      async ({ body }) => ({ held: await heldNames(lake, body, { scratch: settings.scratchFolder }) }),
      {
        body: checked(NameLookupSchema),
        response: { 200: v.object({ held: v.array(v.string()) }) },
        detail: {
          summary: "Which of some names rows of a partition have",
          ...termsOf({ ...PIECE.terms, body: "small" }),
        },
      },
    )
    .get("/uploads/partitions", async () => ({ partitions: await knownPartitions(lake) }), {
      response: { 200: v.object({ partitions: v.array(PartitionKeySchema) }) },
      detail: { summary: "Partitions that exist or that uploads in progress will create", ...READS },
    })
    .post(
      "/uploads",
      async ({ request, body }) => ({ upload_id: await beginReceiving(lake, body, ownerOf(request)) }),
      {
        body: checked(UploadOfferSchema),
        response: { 200: DoneSchema },
        detail: { summary: "Starts an upload, or resumes the same one", ...changes("curator") },
      },
    )
    .post(
      "/uploads/:id/known",
      async ({ request, params, body }) => ({
        known: await knownContents(lake, await receivedBy(request, params.id), body.hashes),
      }),
      {
        params: checked(ParamsSchema),
        body: checked(HashesSchema),
        response: { 200: v.object({ known: v.array(v.string()) }) },
        detail: { summary: "Contents that need not be sent", ...termsOf({ ...PIECE.terms, body: "small" }) },
      },
    )
    .put(
      "/uploads/:id/files/:sha256",
      async ({ request, params }) => {
        const received = await receivedBy(request, params.id);
        await receiveFile(lake, received, params.sha256, request.body, { maxBytes });
        return { upload_id: params.id };
      },
      {
        parse: "none",
        params: checked(v.object({ id: UploadIdSchema, sha256: Sha256Schema })),
        response: { 200: DoneSchema },
        detail: { summary: "Receives one content, by its SHA-256", ...PIECE },
      },
    )
    .put(
      "/uploads/:id/rows",
      async ({ request, params }) => {
        const sha256 = checkValue(Sha256Schema, request.headers.get("x-sha256"));
        if (!sha256.success)
          throw new AppError("usage", "the header X-SHA256 must contain the digest of the rows");
        await receiveRows(lake, await receivedBy(request, params.id), sha256.output, request.body);
        return { upload_id: params.id };
      },
      {
        parse: "none",
        params: checked(ParamsSchema),
        response: { 200: DoneSchema },
        detail: { summary: "Receives the rows, as Parquet", ...PIECE },
      },
    )
    .post(
      "/uploads/:id/commit",
      ({ request, params, body }) => {
        keepOpen(request);
        return commit(request, params.id, body);
      },
      {
        params: checked(ParamsSchema),
        body: checked(UploadManifestSchema),
        response: { 200: UploadManifestSchema },
        detail: { summary: "Commits an upload; from now on it is not lost", ...changes("curator") },
      },
    )
    .delete(
      "/uploads/:id",
      async ({ request, params }) => {
        await dropReceiving(await receivedBy(request, params.id));
        return { upload_id: params.id };
      },
      {
        params: checked(ParamsSchema),
        response: { 200: DoneSchema },
        detail: { summary: "Aborts an upload that was not committed", ...changes("curator") },
      },
    );
}
