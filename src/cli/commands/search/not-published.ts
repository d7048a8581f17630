import type { LakeClient } from "../../../client/lake-client.ts";
import { AppError } from "../../../errors.ts";
import { PARTITION_COLUMNS } from "../../../schema/partition.ts";

const RECENT = 100;

/** Of a name that the catalog lacks: a better error where an upload of it is stored, and the catalog was not published. */
export async function explainNotPublished(error: unknown, lake: LakeClient): Promise<unknown> {
  if (!(error instanceof AppError) || error.code !== "not_found") return error;
  const { details = {} } = error;
  const level = PARTITION_COLUMNS.find((one) => typeof details[one] === "string");
  if (level === undefined) return error;
  // Not everybody may see the uploads of a server.
  const list = await lake.uploads.list({ all: true, completed: RECENT }).catch(() => undefined);
  const isStored = list?.uploads.some((one) => one.unpublished && one[level] === details[level]);
  if (!isStored) return error;
  const message = `the catalog has no ${level} ${JSON.stringify(details[level])} yet: an upload of it is stored, not published; run \`datalake catalog rebuild\``;
  return new AppError("not_found", message, { details, cause: error });
}
