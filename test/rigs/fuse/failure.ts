import { constants } from "node:os";

/** Ends a request with this error. */
export function fail(code: keyof typeof constants.errno): never {
  throw Object.assign(new Error(code), { code });
}

/** The positive error number of what a request threw; EIO for what is no error of the system. */
export function errnoOf(error: unknown): number {
  const { code } = error as { code?: keyof typeof constants.errno };
  return (code && constants.errno[code]) ?? constants.errno.EIO;
}
