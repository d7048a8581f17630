import { AppError } from "../../errors.ts";

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
