import * as v from "valibot";
import { parseSize, type Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { limitInput } from "../ingest/input-limits.ts";
import { localTarget } from "../ingest/local-target.ts";
import type { UploadRequest } from "../ingest/plan.ts";
import { openUploadSession } from "../ingest/session.ts";
import { UploadIdSchema } from "../schema/names.ts";
import { UploadManifestSchema } from "../schema/upload.ts";
import { ChildLakeSchema, type OrderTools, obeyOrder } from "./order-child.ts";

export const StageOrderSchema = v.object({
  lake: ChildLakeSchema,
  /** Those of the server. */
  settings: v.record(v.string(), v.unknown()),
  /** The file that came. */
  path: v.string(),
  upload_id: UploadIdSchema,
  /** Null where nobody has a name. */
  created_by: v.nullable(v.string()),
  /** An `UploadRequest`, checked where it came in. */
  request: v.record(v.string(), v.unknown()),
});
export type StageOrder = v.InferInput<typeof StageOrderSchema>;

export const StageMessageSchema = v.variant("type", [
  v.object({ type: v.literal("done"), manifest: UploadManifestSchema }),
]);
export type StageMessage = v.InferOutput<typeof StageMessageSchema>;

/** Staging streams: more memory would only be held. */
const MEMORY = "256MB";
const THREADS = 1;

/** The hidden command: stages one file of rows as told on stdin, so that whatever is in it costs no server its life. */
export function runStageChild(
  input: AsyncIterable<Uint8Array>,
  write: (line: string) => void,
): Promise<number> {
  return obeyOrder(input, write, StageOrderSchema, stage);
}

async function stage(
  {
    lake,
    settings: given,
    path,
    upload_id: uploadId,
    created_by: createdBy,
    request,
  }: v.InferOutput<typeof StageOrderSchema>,
  { signal }: OrderTools<StageMessage>,
): Promise<StageMessage> {
  const settings = given as unknown as Settings;
  const asked = request as unknown as UploadRequest;
  const target = localTarget(lake, { uploadId });
  const session = await openUploadSession({ settings, memory: MEMORY, threads: THREADS, signal });
  try {
    const opened = await session.open(path, asked.text).catch(nameFormat);
    const input = await limitInput(opened, session.database, {
      maxRows: settings.serve.max_upload_rows,
      maxBytes: parseSize(settings.serve.max_upload_bytes),
    });
    if (input.format === "images") throw unknownFormat();
    const plan = await session.plan(asked, input, target);
    if (plan.contents.some(({ source }) => source.embedded === undefined)) {
      throw noBytes();
    }
    const who = createdBy === null ? {} : { createdBy };
    const manifest = await session.stage(plan, target, { namesFiles: false, ...who });
    return { type: "done", manifest };
  } finally {
    await session.close();
  }
}

function nameFormat(error: unknown): never {
  if (!(error instanceof AppError) || error.code !== "unsupported_format") throw error;
  throw unknownFormat(error);
}

/** Of a file by itself nothing else is possible; of a body without a name its first bytes must tell, or the parameter. */
function unknownFormat(cause?: AppError): AppError {
  return new AppError(
    "unsupported_format",
    "what came is neither Parquet nor Arrow; of JSON Lines and CSV say so by the parameter format=jsonl, json, csv or tsv",
    { cause },
  );
}

function noBytes(): AppError {
  return new AppError(
    "invalid_input",
    "the rows name files, which the server does not see; put the bytes of the images into their column (`embed_table_storage` of datasets.table does that), or use `datalake upload`",
  );
}
