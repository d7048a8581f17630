import { realpath, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../errors.ts";
import { readOwnFile, requireOwnFolder } from "../../lake/own-file.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Throws `usage` when other machines could reach the server and neither tokens nor `--no-auth` are set. */
export function checkExposure(host: string, options: { hasTokens: boolean; noAuth: boolean }): void {
  if (isLoopback(host) || options.hasTokens || options.noAuth) return;
  throw new AppError(
    "usage",
    `--host ${host} is reachable from other machines; create a token (\`datalake token create\`), or add --no-auth if everyone may use the lake`,
  );
}

/**
 * Reads a file of tokens, one a line; lines that begin with # are notes. Throws `invalid_config` when it has none,
 * `permission_denied` when other accounts than this one and root can have written it.
 */
export async function readTokenFile(file: string, warn: (message: string) => void): Promise<string[]> {
  const found = await stat(file).catch((cause) => {
    throw new AppError("invalid_config", `cannot read the token file ${file}; check --token-file`, { cause });
  });
  if (found.mode & 0o004)
    warn(`the token file ${file} can be read by everyone on this machine; chmod 600 it`);
  const path = await realpath(file);
  await requireOwnFolder(dirname(path), "/");
  const text = (await readOwnFile(path))?.text ?? "";
  const tokens = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (tokens.length === 0)
    throw new AppError("invalid_config", `the token file ${file} contains no token; write one`);
  return tokens;
}
