import { Elysia } from "elysia";
import * as v from "valibot";
import { AppError } from "../../errors.ts";
import { NameSchema, Sha256Schema, UploadIdSchema } from "../../schema/names.ts";
import { formatPartition, type PartitionKey } from "../../schema/partition.ts";
import { UPLOAD_MODES, type UploadMode } from "../../schema/upload.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { readParameters } from "../http/parameters.ts";
import { termsOf } from "../http/route-table.ts";
import {
  fileNameOf,
  isSame,
  type Parameters,
  ParametersSchema,
  passwordsOf,
  requestOf,
} from "../http/upload-parameters.ts";
import { findCommittedUpload, isOwn } from "../work/committed-upload.ts";

export const StagedSchema = v.object({
  upload_id: UploadIdSchema,
  provider: NameSchema,
  dataset: NameSchema,
  task: NameSchema,
  variant: NameSchema,
  rows: v.number(),
  mode: v.picklist(UPLOAD_MODES),
  /** What its owner should know of it; none for an upload that was handed over before. */
  notices: v.array(v.string()),
});
export type Staged = v.InferOutput<typeof StagedSchema>;

export type InputDeps = Pick<
  ServerDeps,
  "lake" | "settings" | "callerName" | "identityOf" | "keepOpen" | "inputs"
>;

/** PUT /uploads/{id}/input: a whole upload by one request, for programs in any language. */
export function inputRoutes(deps: InputDeps) {
  const { settings, callerName, identityOf, keepOpen, inputs } = deps;
  return new Elysia({ name: "inputs" }).put(
    "/uploads/:id/input",
    async ({ request, params: { id } }) => {
      const parameters = readParameters(request, ParametersSchema);
      const upload = await requestOf(parameters, passwordsOf(request), settings);
      const before = await findSame(deps, request, id, parameters);
      if (before !== undefined) return before;
      const staged = await inputs.take({
        uploadId: id,
        request: upload,
        owner: callerName(request),
        identity: identityOf(request),
        body: request.body,
        sha256: digestOf(request),
        fileName: fileNameOf(parameters),
        signal: request.signal,
        onReceived: () => keepOpen(request),
      });
      return describeUpload(id, staged.manifest, upload.mode, staged.notices);
    },
    {
      parse: "none",
      params: checked(v.object({ id: UploadIdSchema })),
      response: { 200: StagedSchema },
      detail: {
        summary:
          "A whole upload as one Parquet, Arrow, JSON, JSON Lines or CSV file that contains its images too, as a zip, a PDF or an image, under an id chosen by the client",
        query: ParametersSchema,
        ...termsOf({ role: "curator", audit: "all", body: "stream" }),
      },
    },
  );
}

/** The same upload if it was handed over before. Throws `conflict` for another one under that id. */
export async function findSame(
  { lake, callerName }: Pick<InputDeps, "lake" | "callerName">,
  request: Request,
  id: string,
  parameters: Parameters,
): Promise<Staged | undefined> {
  const before = await findCommittedUpload(lake, id);
  if (before === undefined) return undefined;
  if (!isOwn(before, callerName(request)))
    throw new AppError("conflict", `the id ${id} belongs to another upload; use a new one`);
  if (!isSame(before, parameters)) {
    const where = formatPartition(before);
    throw new AppError("conflict", `the id ${id} belongs to your upload to ${where}; use a new one`);
  }
  return describeUpload(id, before, parameters.mode ?? "create");
}

/** The SHA-256 that the client told of what it sends. Throws `usage`. */
export function digestOf({ headers }: Request): string | undefined {
  const told = headers.get("x-sha256");
  if (told === null || v.is(Sha256Schema, told)) return told ?? undefined;
  throw new AppError("usage", "the header X-SHA256 is not a SHA-256 in hexadecimal digits");
}

export function describeUpload(
  uploadId: string,
  { provider, dataset, task, variant, rows }: PartitionKey & { rows: number },
  mode: UploadMode = "create",
  notices: string[] = [],
): Staged {
  return { upload_id: uploadId, provider, dataset, task, variant, rows, mode, notices };
}
