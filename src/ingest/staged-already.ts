import * as v from "valibot";
import { AppError } from "../errors.ts";
import type { Column } from "../schema/columns.ts";
import { saidType } from "../schema/open-types.ts";
import { formatPartition } from "../schema/partition.ts";
import { type WaitingUpload, WaitingUploadSchema } from "../schema/receiving.ts";
import type { UploadManifest } from "../schema/upload.ts";
import { formatCount } from "../util/format.ts";
import type { UploadCheck } from "./upload-destination.ts";

/** What the refusal of an upload tells of the one that waits to create its partition. */
const RefusalSchema = v.object({ waiting: WaitingUploadSchema });

/** The refusal of an upload that would create what `waiting` is about to create. */
export function createdBy(waiting: UploadManifest): AppError {
  const partition = formatPartition(waiting);
  return new AppError(
    "partition_exists",
    `partition ${partition} is being created by upload ${waiting.upload_id} (see \`datalake process list\`); process that one with \`datalake process start --wait\`, then add other rows with --mode append, or replace it with --mode replace`,
    { details: { partition, waiting: pickWaiting(waiting) } },
  );
}

/**
 * Who repeats an upload that was broken off in its processing must not be led to add its rows a second time; and who
 * brings as many other rows must not take them for staged. A manifest tells rows and columns, not the input: so the
 * message says what is alike, and what to do in either case.
 */
export function explainStaged(error: unknown, rowCount: number, { key, columns }: UploadCheck): unknown {
  if (!(error instanceof AppError) || error.code !== "partition_exists") return error;
  if (!v.is(RefusalSchema, error.details)) return error;
  const { waiting } = error.details;
  if (!isAlike(waiting, rowCount, columns)) return error;
  return new AppError(
    "partition_exists",
    `upload ${waiting.upload_id}, which is staged, has as many rows (${formatCount(rowCount)}) and the same columns for ${formatPartition(key)}; if it is this one, \`datalake process start --wait\` finishes it; if these are other rows, process that one first, then add these with --mode append`,
    { details: error.details, cause: error },
  );
}

/** An append is taken in any case: its rows may be others. Who repeats one that waits is told before it is processed. */
export function waitingNotices(
  waiting: readonly WaitingUpload[],
  rowCount: number,
  { key, mode, columns }: UploadCheck,
): string[] {
  if (mode !== "append") return [];
  const alike = waiting.find((upload) => isAlike(upload, rowCount, columns));
  if (alike === undefined) return [];
  return [
    `upload ${alike.upload_id}, which waits for ${formatPartition(key)}, has as many rows (${formatCount(rowCount)}) and the same columns; if it is this one, its rows are added twice`,
  ];
}

export function pickWaiting({ upload_id, rows, columns }: UploadManifest): WaitingUpload {
  return { upload_id, rows, columns };
}

function isAlike(waiting: WaitingUpload, rowCount: number, columns: readonly Column[]): boolean {
  const types = new Map(columns.map(({ name, type }) => [name, type]));
  return (
    waiting.rows === rowCount &&
    waiting.columns.every((column) => types.get(column.name) === saidType(column))
  );
}
