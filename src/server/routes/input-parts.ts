import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { isImagePath, isPdfName } from "../../ingest/file-kinds.ts";
import { checkUpload } from "../../ingest/local-destination.ts";
import { planPlace } from "../../ingest/plan.ts";
import type { UploadRequest } from "../../ingest/upload-plan.ts";
import { readTaxonomy } from "../../lake/taxonomy.ts";
import { InputStateSchema, UnfinishedSchema } from "../../schema/input-upload.ts";
import { UploadIdSchema } from "../../schema/names.ts";
import { checked } from "../http/checked.ts";
import { readParameters } from "../http/parameters.ts";
import { changes, READS, termsOf } from "../http/route-table.ts";
import { fileNameOf, ParametersSchema, passwordsOf, requestOf } from "../http/upload-parameters.ts";
import { findCommittedUpload, isOwn } from "../work/committed-upload.ts";
import { describeUpload, digestOf, findSame, type InputDeps, StagedSchema } from "./inputs.ts";

const CountSchema = v.pipe(
  v.string(),
  v.regex(/^\d{1,15}$/, "is not a number of bytes or files"),
  v.transform(Number),
);
const BeginSchema = v.strictObject({
  ...ParametersSchema.entries,
  bytes: CountSchema,
  files: v.optional(CountSchema, "1"),
});
const PartSchema = v.strictObject({ offset: CountSchema });
const IdSchema = v.object({ id: UploadIdSchema });

/**
 * POST, PATCH and DELETE /uploads/{id}/input, POST /uploads/{id}/input/commit, GET /uploads/unfinished: an upload as one
 * file that comes in parts, for connections that break off.
 */
export function inputPartRoutes(deps: InputDeps) {
  const { lake, settings, callerName, identityOf, keepOpen, inputs } = deps;
  const ownerOf = (request: Request) => callerName(request) ?? null;
  /** Before bytes are sent: what is known to fail. */
  const check = async (upload: UploadRequest, fileName: string) => {
    const { provider, dataset, target } = planPlace(upload, await readTaxonomy(lake));
    const isOfPages = upload.variant === undefined && (isImagePath(fileName) || isPdfName(fileName));
    const variant = target.variant ?? (isOfPages ? "image" : undefined);
    if (variant === undefined) return; // it follows from what is in the file
    const key = { provider, dataset, task: target.task, variant };
    await checkUpload(lake, { key, mode: upload.mode, columns: [], refersToRaw: false });
  };
  return new Elysia({ name: "input-parts" })
    .get(
      "/uploads/unfinished",
      async ({ request }) => ({ uploads: await inputs.parts.list(ownerOf(request)) }),
      {
        response: { 200: UnfinishedSchema },
        detail: { summary: "Uploads of the caller of which a part has arrived", ...READS },
      },
    )
    .post(
      "/uploads/:id/input",
      async ({ request, params: { id } }) => {
        const { bytes, files, ...parameters } = readParameters(request, BeginSchema);
        if ((await findSame(deps, request, id, parameters)) !== undefined)
          throw new AppError("conflict", `upload ${id} was handed over already`);
        await check(await requestOf(parameters, [], settings), fileNameOf(parameters));
        const { searchParams } = new URL(request.url);
        for (const name of ["bytes", "files"]) searchParams.delete(name);
        const { name = "input" } = parameters;
        return inputs.parts.begin(id, {
          ...{ owner: ownerOf(request), name, files, bytes },
          parameters: searchParams.toString(),
        });
      },
      {
        params: checked(IdSchema),
        response: { 200: InputStateSchema },
        detail: {
          summary: "Begins an upload as one file that comes in parts, or goes on with it: says what arrived",
          query: BeginSchema,
          ...changes("curator"),
        },
      },
    )
    .patch(
      "/uploads/:id/input",
      ({ request, params: { id } }) => {
        const { offset } = readParameters(request, PartSchema);
        const { body, signal } = request;
        return inputs.parts.append(id, ownerOf(request), { offset, body, signal });
      },
      {
        parse: "none",
        params: checked(IdSchema),
        response: { 200: InputStateSchema },
        detail: {
          summary: "The next part of the file; what came before a connection broke off is kept",
          query: PartSchema,
          ...termsOf({ role: "curator", audit: "failed", body: "stream" }),
        },
      },
    )
    .post(
      "/uploads/:id/input/commit",
      async ({ request, params: { id } }) => {
        const sha256 = digestOf(request);
        if (sha256 === undefined)
          throw new AppError("usage", "the header X-SHA256 must contain the digest of the whole file");
        keepOpen(request);
        // A client that lost the answer asks again.
        const before = await findCommittedUpload(lake, id);
        if (before !== undefined && isOwn(before, callerName(request))) return describeUpload(id, before);
        const passwords = passwordsOf(request);
        return inputs.parts.finish(id, ownerOf(request), sha256, {
          fileName: ({ parameters }) => fileNameOf(parametersOf(parameters)),
          run: async ({ parameters, path }, signal) => {
            const upload = await requestOf(parametersOf(parameters), passwords, settings);
            const given = { uploadId: id, request: upload, owner: callerName(request) };
            const identity = identityOf(request);
            const { manifest, notices } = await inputs.stage({ ...given, identity }, path, signal);
            return describeUpload(id, manifest, upload.mode, notices);
          },
        });
      },
      {
        params: checked(IdSchema),
        response: { 200: StagedSchema },
        detail: { summary: "Hands over a file whose parts have all arrived", ...changes("curator") },
      },
    )
    .delete(
      "/uploads/:id/input",
      async ({ request, params: { id } }) => {
        await inputs.parts.drop(id, ownerOf(request));
        return { upload_id: id };
      },
      {
        params: checked(IdSchema),
        response: { 200: v.object({ upload_id: v.string() }) },
        detail: { summary: "Discards what arrived of a file", ...changes("curator") },
      },
    );
}

/** As they were checked when the upload was begun. */
function parametersOf(query: string) {
  return readParameters(new Request(`http://kept/?${query}`), ParametersSchema);
}
