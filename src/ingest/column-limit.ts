import { AppError } from "../errors.ts";
import { MAX_COLUMNS } from "../schema/columns.ts";

/** Throws `invalid_input` for a table of more columns than an upload may have: to describe them alone takes minutes. */
export function checkColumnCount(path: string, count: number): void {
  if (count <= MAX_COLUMNS) return;
  const limit = MAX_COLUMNS.toLocaleString("en");
  throw new AppError(
    "invalid_input",
    `${path} has more than ${limit} columns, the maximum for an upload; put the values of a row into a list`,
    { details: { path, limit: MAX_COLUMNS } },
  );
}
