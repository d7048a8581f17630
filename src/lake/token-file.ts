import { readFile, realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../errors.ts";
import { readOwnFile, requireOwnFolder } from "./own-file.ts";

export interface TokenFileOptions {
  warn(message: string): void;
  /** Require that only this account and root can write it: a token in a server's file grants access. */
  isOwn: boolean;
}

/**
 * The tokens of a file, one per line; lines starting with # are comments. Throws `invalid_config` if there is
 * none, `permission_denied` if others could have written it and `isOwn` is set.
 */
export async function readTokenLines(file: string, { warn, isOwn }: TokenFileOptions): Promise<string[]> {
  const [path, { mode }] = await Promise.all([isOwn ? realpath(file) : file, stat(file)]).catch((cause) => {
    throw unreadable(file, cause);
  });
  if (mode & 0o004) warn(`the token file ${file} can be read by everyone on this machine; chmod 600 it`);
  if (isOwn) await requireOwnFolder(dirname(path), "/");
  const text = isOwn
    ? (await readOwnFile(path))?.text
    : await readFile(path, "utf8").catch((cause) => {
        throw unreadable(file, cause);
      });
  const lines = (text ?? "").split(/\r?\n/).map((line) => line.trim());
  const tokens = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (tokens.length > 0) return tokens;
  throw new AppError(
    "invalid_config",
    `the token file ${file} contains no token; write one on a line of its own`,
  );
}

function unreadable(file: string, cause: unknown): AppError {
  return new AppError("invalid_config", `cannot read the token file ${file}; check --token-file`, { cause });
}
