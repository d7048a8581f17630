import { AppError } from "../errors.ts";
import { readTokenLines } from "../lake/token-file.ts";

/** A token as a header can hold it. Throws `invalid_config`; the token is not repeated. */
export function checkToken(token: string, where: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new AppError(
    "invalid_config",
    `${where} contains a character that no token has; copy it again as \`datalake token create\` showed it`,
  );
}

/** The token in a file: its first line that is not a comment. Throws `invalid_config` for a file without one. */
export async function readTokenFile(path: string, warn: (message: string) => void): Promise<string> {
  if (path.startsWith("dl_")) {
    // Not repeated: errors end up in logs.
    throw new AppError(
      "usage",
      "--token-file expects a file, not a token; write the token into a file, or set DATALAKE_TOKEN",
    );
  }
  const [token = ""] = await readTokenLines(path, { warn, isOwn: false });
  return checkToken(token, `the token in ${path}`);
}
