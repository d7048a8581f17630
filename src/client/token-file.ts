import { readFile, stat } from "node:fs/promises";
import { AppError } from "../errors.ts";

/** A token as a header can hold it. Throws `invalid_config`; the token is not repeated. */
export function checkToken(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new AppError(
    "invalid_config",
    `${where} contains a character that no token has; copy it again as \`datalake token create\` showed it`,
  );
}

/** The token in a file: its first line that is no note. Throws `invalid_config` for a file without one. */
export async function readTokenFile(path: string, warn: (message: string) => void): Promise<string> {
  if (path.startsWith("dl_")) {
    // Not repeated: errors end up in logs.
    throw new AppError(
      "usage",
      "--token-file expects a file, not a token; write the token into a file, or set DATALAKE_TOKEN",
    );
  }
  const [text, { mode }] = await Promise.all([readFile(path, "utf8"), stat(path)]).catch((cause) => {
    throw new AppError("invalid_config", `cannot read the token file ${path}; check --token-file`, { cause });
  });
  if (mode & 0o004) warn(`the token file ${path} can be read by everyone on this machine; chmod 600 it`);
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const token = lines.find((line) => line !== "" && !line.startsWith("#"));
  if (token !== undefined) return checkToken(token, `the token in ${path}`);
  throw new AppError(
    "invalid_config",
    `the token file ${path} contains no token; write one on a line of its own`,
  );
}
