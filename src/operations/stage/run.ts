import { join } from "node:path";
import { heldNames } from "../../catalog/held-names.ts";
import { parseSize } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { withGivenFile } from "../../ingest/given-file.ts";
import { limitInput } from "../../ingest/input-limits.ts";
import { localDestination } from "../../ingest/local-destination.ts";
import { openUploadSession } from "../../ingest/session.ts";
import type { UploadRequest } from "../../ingest/upload-plan.ts";
import { removeTree } from "../../lake/files.ts";
import type { Lake } from "../../lake/lake.ts";
import { createUploadLayout } from "../../lake/layout.ts";
import { isStagedFile } from "../../lake/staged-file.ts";
import type { StagedInput } from "../../schema/staged-input.ts";
import type { OperationOutcome, OperationTools } from "../operation.ts";

export interface StageLocal {
  path: string;
  uploadId: string;
  /** Null for an anonymous client. */
  createdBy: string | null;
}

/** Staging streams; only rows that do not fit in this get more memory. */
const MEMORY = "256MB";
const THREADS = 1;

/**
 * Stages the file. Throws what `planUpload` and `executeUpload` throw, `invalid_input` for rows that refer to
 * files, `conflict` for an upload that was started in parts.
 */
export async function runStaging(
  request: UploadRequest,
  { lake, settings, local, signal }: OperationTools<never, StageLocal>,
): Promise<OperationOutcome<StagedInput>> {
  const { path, uploadId, createdBy } = local as StageLocal;
  await makeFree(lake, uploadId);
  const target = localDestination(lake, {
    uploadId,
    heldNames: (lookup) => heldNames(lake, lookup, { scratch: settings.scratchFolder }),
  });
  const session = await openUploadSession({ settings, memory: MEMORY, threads: THREADS, signal });
  try {
    const { text, pages } = request;
    const read = { ...(text && { text }), ...request.read, ...(pages && { passwords: pages.passwords }) };
    const opened = await session.open(path, read).catch(nameFormat);
    const isOfFiles = opened.format === "images" || opened.format === "collection";
    const given = isOfFiles ? withGivenFile(opened, path) : opened;
    const input = await limitInput(given, session.database, {
      maxRows: settings.serve.max_upload_rows,
      maxBytes: parseSize(settings.serve.max_upload_bytes),
    });
    const plan = await session.plan(request, input, target);
    const isWhole = input.openEntry !== undefined; // files named by rows must be in this file
    if (!isWhole && plan.contents.some(({ source }) => source.embedded === undefined)) throw noBytes();
    const who = createdBy === null ? {} : { createdBy };
    const manifest = await session.stage(plan, target, { namesFiles: false, ...who });
    return { result: { manifest, notices: plan.notices } };
  } finally {
    await session.close();
  }
}

/** Removes what a killed process left of the upload. */
async function makeFree(lake: Lake, uploadId: string): Promise<void> {
  const { folder, receiving } = createUploadLayout(join(lake.layout.incoming, uploadId));
  if (!(await isStagedFile(receiving))) return removeTree(folder);
  throw new AppError(
    "conflict",
    `upload ${uploadId} was started in parts; continue in this way, or use another id`,
  );
}

function nameFormat(error: unknown): never {
  if (!(error instanceof AppError) || error.details?.unknown !== true) throw error;
  // Without a file name only the first bytes or the parameter tell the format.
  throw new AppError(
    "unsupported_format",
    "the body is neither Parquet, Arrow, a zip, a PDF nor an image; for JSON and CSV add the parameter format=jsonl, json, csv or tsv",
    { cause: error },
  );
}

function noBytes(): AppError {
  return new AppError(
    "invalid_input",
    "the rows refer to files, which the server cannot see; put the bytes of the images into their column (`embed_table_storage` of datasets.table does that), or use `datalake upload`",
  );
}
