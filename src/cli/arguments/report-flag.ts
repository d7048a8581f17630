import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { AppError } from "../../errors.ts";

/** Checks where a report goes before anything is read: a check may take hours. Throws `usage`, `not_found`. */
export function checkReportPath(path: string): void {
  if (!/\.(csv|json)$/i.test(path)) {
    throw new AppError("usage", `--report ${path} has to end in .csv or .json, which selects the format`);
  }
  const folder = dirname(resolve(path));
  if (existsSync(folder)) return;
  throw new AppError("not_found", `--report ${path}: there is no folder ${folder}; choose another place`);
}
