import { readFile } from "node:fs/promises";
import { AppError, systemCode } from "../errors.ts";
import { isMissing } from "../lake/files.ts";
import { decodeList } from "./text/encoding.ts";

/**
 * Paths in a list file, one a line (or with a NUL behind each, as `find -print0` writes), in their order; `-` reads the
 * standard input. Relative ones start in the working folder. Throws `not_found`, `invalid_input`, `empty_input`.
 */
export async function readPathList(path: string): Promise<string[]> {
  const shown = path === "-" ? "the standard input" : path;
  const bytes = await (path === "-" ? Bun.stdin.bytes() : readFile(path)).catch((cause) => {
    if (systemCode(cause) === "EISDIR") {
      const message = `the list ${path} is a folder; give a text file with one path a line, or the folder without --files-from`;
      throw new AppError("invalid_input", message, { cause });
    }
    if (!isMissing(cause)) throw cause;
    throw new AppError("not_found", `the list ${path} does not exist; give a file of paths`, { cause });
  });
  const text = decodeList(bytes, shown);
  const paths = text.split(text.includes("\0") ? "\0" : /\r?\n/).filter((line) => line !== "");
  if (paths.length === 0)
    throw new AppError("empty_input", `${shown} lists no files; there is nothing to upload`);
  return paths;
}
