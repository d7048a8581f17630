import type { Settings } from "../config.ts";
import type { UploadRequest } from "../ingest/plan.ts";
import { type Lake, tellLake } from "../lake/lake.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { giveOrder } from "./order-process.ts";
import { StageMessageSchema, type StageOrder } from "./stage-child.ts";

/** The hidden command with which this program stages a file of rows. */
export const STAGE_COMMAND = "__stage";

export interface StageRun {
  lake: Lake;
  settings: Settings;
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  uploadId: string;
  /** Who brought it; undefined where nobody has a name. */
  createdBy: string | undefined;
  signal: AbortSignal;
}

/**
 * Stages a file that holds all it brings, in a child process; at the priority of this one, as somebody waits for the
 * answer. Throws what `planUpload` and `executeUpload` do,
 * `invalid_input` for rows that name files, `worker_crashed` when it died.
 */
export async function stageFile(
  path: string,
  request: UploadRequest,
  { lake, settings, selfCommand, uploadId, createdBy, signal }: StageRun,
): Promise<UploadManifest> {
  const { token: _secret, ...others } = settings;
  const order: StageOrder = {
    lake: tellLake(lake),
    settings: others,
    path,
    upload_id: uploadId,
    created_by: createdBy ?? null,
    request: { ...request },
  };
  const { manifest } = await giveOrder({
    selfCommand,
    command: STAGE_COMMAND,
    order,
    schema: StageMessageSchema,
    deed: "read the rows",
    signal,
    onMessage: () => {},
  });
  return manifest;
}
