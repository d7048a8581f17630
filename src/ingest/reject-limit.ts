import { AppError } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { RejectLimitSchema, type UploadManifest } from "../schema/upload.ts";
import { formatQuantity } from "../util/format.ts";

/** How many rows of an upload may be rejected: `1%` of its rows, rounded down, or a number of them. */
export function allowedRejects(limit: string, rowCount: number): number {
  if (!limit.endsWith("%")) return Number(limit);
  return Math.floor((Number(limit.slice(0, -1)) * rowCount) / 100);
}

/** Throws `usage` for what is no such limit. */
export function checkRejectLimit(limit: string): void {
  const checked = checkValue(RejectLimitSchema, limit);
  if (checked.success) return;
  throw new AppError("usage", `--max-rejects ${JSON.stringify(limit)} ${checked.issues[0].message}`);
}

/** A row that is not taken. */
export interface RowReject {
  /** From 0. */
  source_row: number;
  /** The name that its image or file came with. */
  source_name: string | null;
  reason: string;
}

/** `row 7 (쪽 7.png): the image is empty`, counted from 1, as whoever looks for it in the input counts. */
function describeReject({ source_row, source_name, reason }: RowReject): string {
  const name = source_name === null || reason.includes(source_name) ? "" : ` (${source_name})`;
  return `row ${source_row + 1}${name}: ${reason}`;
}

const NOTHING_LEFT = "no row is left to publish";

/** Most rejects that a message names. */
export const NAMED_REJECTS = 10;

/**
 * Throws `too_many_rejects` when more rows are rejected than the upload allows, or all of them: of an upload that is
 * processed, whose rejects are kept and can be asked for by its id.
 */
export function checkRejects(
  manifest: UploadManifest,
  rejected: number,
  example: RowReject | undefined,
): void {
  if (!isTooMany(manifest, rejected)) return;
  const first = example === undefined ? "" : ` (first: ${describeReject(example)})`;
  const { details } = refusal(manifest, rejected);
  const remedy =
    rejected < manifest.rows
      ? `fix them, or accept them: \`datalake process retry ${manifest.upload_id} --max-rejects ${rejected}\``
      : NOTHING_LEFT;
  throw new AppError(
    "too_many_rejects",
    `${rejected} of ${manifest.rows} rows of upload ${manifest.upload_id} were rejected${first}, ${details.allowed} are allowed; ${remedy}`,
    { details },
  );
}

/** The same while it is staged: nothing will be kept of it, so the message names the rejects, the first of many. */
export function checkStagedRejects(
  manifest: UploadManifest,
  rejected: number,
  rejects: readonly RowReject[],
): void {
  if (!isTooMany(manifest, rejected)) return;
  const { remedy, details } = refusal(manifest, rejected);
  const named = rejects.slice(0, NAMED_REJECTS);
  const left = rejected - named.length;
  const lines = [
    `${rejected} of ${manifest.rows} rows were rejected, ${details.allowed} are allowed; nothing was uploaded; ${remedy}`,
    ...named.map(describeReject),
    ...(left > 0 ? [`and ${formatQuantity(left, "more row")}`] : []),
  ];
  throw new AppError("too_many_rejects", lines.join("\n  "), { details: { ...details, rejects: named } });
}

function isTooMany({ max_rejects, rows }: UploadManifest, rejected: number): boolean {
  return rejected > 0 && (rejected > allowedRejects(max_rejects, rows) || rejected >= rows);
}

function refusal({ max_rejects, rows }: UploadManifest, rejected: number) {
  const remedy = rejected < rows ? "fix them or raise --max-rejects" : NOTHING_LEFT;
  return { remedy, details: { rejected, rows, allowed: allowedRejects(max_rejects, rows) } };
}
