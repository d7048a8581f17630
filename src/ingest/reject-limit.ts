import { AppError } from "../errors.ts";
import type { UploadManifest } from "../schema/upload.ts";

/** How many rows of an upload may be rejected: `1%` of its rows, rounded down, or a number of them. */
export function allowedRejects(limit: string, rowCount: number): number {
  if (!limit.endsWith("%")) return Number(limit);
  return Math.floor((Number(limit.slice(0, -1)) * rowCount) / 100);
}

/** A row that is not taken. */
export interface RowReject {
  source_row: number;
  /** The name that its image or file came with. */
  source_name: string | null;
  reason: string;
}

/** `row 7 (쪽 7.png): the image is empty`. */
function describeReject({ source_row, source_name, reason }: RowReject): string {
  const name = source_name === null || reason.includes(source_name) ? "" : ` (${source_name})`;
  return `row ${source_row}${name}: ${reason}`;
}

/** Throws `too_many_rejects` when more rows are rejected than the upload allows, or all of them. */
export function checkRejects(
  manifest: UploadManifest,
  rejected: number,
  example: RowReject | undefined,
): void {
  if (rejected === 0) return;
  const allowed = allowedRejects(manifest.max_rejects, manifest.rows);
  if (rejected <= allowed && rejected < manifest.rows) return;
  const first = example === undefined ? "" : ` (first: ${describeReject(example)})`;
  const remedy = rejected < manifest.rows ? "fix them or raise --max-rejects" : "no row is left to publish";
  throw new AppError(
    "too_many_rejects",
    `${rejected} of ${manifest.rows} rows of upload ${manifest.upload_id} were rejected${first}, ${allowed} are allowed; ${remedy}`,
    { details: { rejected, rows: manifest.rows, allowed } },
  );
}
