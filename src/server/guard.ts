import { readFile, stat } from "node:fs/promises";
import { hostname, networkInterfaces } from "node:os";
import { AppError } from "../errors.ts";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i;
const ANY_ADDRESS = new Set(["0.0.0.0", "::", "[::]"]);

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Throws `usage` when others could reach the server and nobody said whether they need a token. */
export function checkExposure(host: string, options: { hasTokens: boolean; noAuth: boolean }): void {
  if (isLoopback(host) || options.hasTokens || options.noAuth) return;
  throw new AppError(
    "usage",
    `--host ${host} lets other machines in; make a token (\`datalake token create\`), or add --no-auth if everyone there may use the lake`,
  );
}

/**
 * Says whether a Host header names this server. A page of another site that had its name pointed at this address
 * (DNS rebinding) sends that name.
 */
export function createHostCheck(
  boundHost: string,
  allowedHosts: readonly string[],
): (header: string | null) => boolean {
  const names = new Set(["localhost", "127.0.0.1", "::1", ...[boundHost, ...allowedHosts].map(bareHost)]);
  if (ANY_ADDRESS.has(boundHost)) {
    names.add(hostname().toLowerCase());
    for (const addresses of Object.values(networkInterfaces())) {
      for (const { address } of addresses ?? []) names.add(bareHost(address));
    }
  }
  return (header) => header !== null && names.has(bareHost(header));
}

/** The name in a Host header, without port and brackets, in lower case. */
function bareHost(header: string): string {
  const bracketed = /^\[([^\]]+)\](:\d+)?$/.exec(header);
  const name = bracketed?.[1] ?? (header.split(":").length === 2 ? header.split(":")[0] : header);
  return (name ?? "").toLowerCase();
}

/** Reads a file of tokens, one a line; lines that begin with # are notes. Throws `invalid_config` when it has none. */
export async function readTokens(file: string, warn: (message: string) => void): Promise<string[]> {
  const [text, { mode }] = await Promise.all([readFile(file, "utf8"), stat(file)]).catch((cause) => {
    throw new AppError("invalid_config", `cannot read the token file ${file}; check --token-file`, { cause });
  });
  if (mode & 0o004) warn(`the token file ${file} can be read by everyone on this machine; chmod 600 it`);
  const tokens = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (tokens.length === 0)
    throw new AppError("invalid_config", `the token file ${file} holds no token; write one`);
  return tokens;
}
