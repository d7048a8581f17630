import { sep } from "node:path";
import { AppError } from "../errors.ts";
import { isMissing } from "./files.ts";
import type { Lake } from "./lake.ts";

/** Explains an error of work on a lake: a missing path existed when the work began, so no user named it. */
export function explainLoss(lake: Pick<Lake, "root">, error: unknown): unknown {
  const path = isMissing(error) ? (error as NodeJS.ErrnoException).path : undefined;
  if (path === undefined || !`${path}${sep}`.startsWith(`${lake.root}${sep}`)) return error;
  return new AppError(
    "io",
    `${path} has disappeared: its file system was unmounted, or the file was removed; run \`datalake process start\` once it is back, to resume`,
    { details: { path, lost: true }, cause: error },
  );
}

/** Whether an error concerns this machine's view of the lake instead of the data. */
export function isOfTheView(error: unknown): boolean {
  return error instanceof AppError && (error.code === "not_whole" || error.details?.lost === true);
}
