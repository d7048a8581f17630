import { createReadStream } from "node:fs";
import { AppError, systemCode, toAppError } from "../../errors.ts";
import { MAX_ROW_KEYS } from "../../schema/row-key.ts";
import { readLines } from "../../util/lines.ts";

/** More than so many keys can have. */
const MAX_BYTES = 20_000_000;

/** The lines of a list of row keys, unchecked; empty ones are left out. Throws `usage`, `not_found`. */
export async function readRowKeys(path: string): Promise<string[]> {
  const keys: string[] = [];
  try {
    for await (const line of readLines(createReadStream(path, { end: MAX_BYTES }))) {
      if (line.trim() !== "") keys.push(line.trim());
      if (keys.length > MAX_ROW_KEYS) break;
    }
  } catch (cause) {
    const error = toAppError(cause);
    if (systemCode(cause) === "EISDIR")
      throw new AppError("usage", `--rows ${path} is a folder; name a file with one key a line`, { cause });
    if (error.code !== "not_found") throw error;
    throw new AppError("not_found", `--rows ${path}: there is no such file`, { cause });
  }
  if (keys.length > MAX_ROW_KEYS)
    throw new AppError(
      "usage",
      `--rows ${path} names more than ${MAX_ROW_KEYS.toLocaleString("en")} rows; select them by partition or text`,
    );
  return keys;
}
