/**
 * The one table of error codes. `status` is the HTTP status a server answers with, `exit` the exit code of a
 * command. Scripts and clients rely on the codes; texts may change.
 */
export const ERROR_CODES = {
  usage: { status: 400, exit: 2 },
  invalid_config: { status: 400, exit: 2 },
  invalid_name: { status: 400, exit: 2 },
  invalid_schema: { status: 422, exit: 1 },
  invalid_sql: { status: 400, exit: 2 },
  invalid_view: { status: 422, exit: 2 },
  invalid_input: { status: 422, exit: 1 },
  empty_input: { status: 422, exit: 1 },
  unsupported_format: { status: 415, exit: 1 },
  type_mismatch: { status: 422, exit: 1 },
  too_many_rejects: { status: 422, exit: 1 },
  corrupt: { status: 500, exit: 1 },
  unsuited_mount: { status: 500, exit: 1 },
  not_whole: { status: 503, exit: 1 },
  missing_asset: { status: 404, exit: 4 },
  not_found: { status: 404, exit: 4 },
  no_lake: { status: 404, exit: 4 },
  conflict: { status: 409, exit: 5 },
  name_clash: { status: 409, exit: 5 },
  partition_exists: { status: 409, exit: 5 },
  not_counted: { status: 409, exit: 5 },
  in_use: { status: 409, exit: 5 },
  locked: { status: 409, exit: 5 },
  unauthorized: { status: 401, exit: 1 },
  forbidden: { status: 403, exit: 1 },
  bad_host: { status: 421, exit: 1 },
  too_large: { status: 413, exit: 1 },
  timeout: { status: 504, exit: 1 },
  busy: { status: 503, exit: 1 },
  not_acceptable: { status: 406, exit: 2 },
  engine_failed: { status: 502, exit: 1 },
  no_space: { status: 507, exit: 1 },
  permission_denied: { status: 500, exit: 1 },
  io: { status: 500, exit: 1 },
  worker_crashed: { status: 500, exit: 1 },
  server_unreachable: { status: 503, exit: 6 },
  shutting_down: { status: 503, exit: 6 },
  cancelled: { status: 499, exit: 130 },
  internal: { status: 500, exit: 1 },
} as const satisfies Record<string, { status: number; exit: number }>;

export type ErrorCode = keyof typeof ERROR_CODES;

export interface ErrorDocument {
  error: { code: ErrorCode; message: string; details?: Record<string, unknown> };
}

/** An error meant for a person: one sentence that says what failed, on what, and what to do. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details;
  }

  get exit(): number {
    return ERROR_CODES[this.code].exit;
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  toDocument(): ErrorDocument {
    const { code, message, details } = this;
    return { error: details === undefined ? { code, message } : { code, message, details } };
  }
}

const SYSTEM_CODES: Record<string, ErrorCode> = {
  ENOSPC: "no_space",
  EDQUOT: "no_space",
  EACCES: "permission_denied",
  EPERM: "permission_denied",
  EROFS: "permission_denied",
  ENOENT: "not_found",
};

/**
 * Any thrown value as an AppError: system errors, of the engine too, keep their errno in `details`, the rest is `internal`. `place` is where
 * it happened, for a system error that names no path.
 */
export function toAppError(error: unknown, place?: string): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof DOMException && error.name === "AbortError") {
    return new AppError("cancelled", "cancelled", { cause: error });
  }
  const engine = engineSystemError(error);
  const errno = systemCode(error) ?? engine?.errno;
  const message = error instanceof Error ? error.message : String(error);
  if (errno !== undefined) {
    const code = SYSTEM_CODES[errno] ?? "io";
    const path = placeOf(error, code) ?? engine?.path ?? place;
    const details = path === undefined ? { errno } : { errno, path };
    return new AppError(code, describeSystemError(code, errno, message, path), { details, cause: error });
  }
  return new AppError("internal", message, { cause: error });
}

const TEMPORARY = /\/\.[^/]*\.tmp-[^/]*$/;

/**
 * The path that a system error names: of a copy for which there is no space, that of the copy; of what was to be made
 * there, and nobody has heard of, its folder.
 */
function placeOf(error: unknown, code: ErrorCode): string | undefined {
  const { path, dest, syscall } = error as NodeJS.ErrnoException & { dest?: string };
  const place = code === "no_space" ? (dest ?? path) : path;
  if (place === undefined) return undefined;
  const isMade = TEMPORARY.test(place) || (syscall === "mkdir" && code === "permission_denied");
  return isMade ? place.replace(/\/[^/]*$/, "") || "/" : place;
}

/** A sentence for a system error that nobody on its way could say more of. */
function describeSystemError(
  code: ErrorCode,
  errno: string,
  message: string,
  path: string | undefined,
): string {
  switch (code) {
    case "no_space":
      return `no space is left on the disk${path === undefined ? "" : ` of ${path}`}; free some and run it again`;
    case "permission_denied":
      if (errno === "EROFS")
        return `${path ?? "the lake"} is on a read-only file system; remount it writable`;
      return `${path ?? "a file"} may not be read or written by this user; check its owner and mode (\`datalake doctor\` lists those of a lake)`;
    case "not_found":
      return path === undefined ? message : `${path} does not exist; check the path`;
    default:
      if (errno === "ELOOP" && path !== undefined)
        return `${path} contains a loop of links; remove or correct the link`;
      if (errno === "ENOTDIR" && path !== undefined)
        return `${path} contains a file in place of a folder; move that file away`;
      return `${message}; check the disk and run it again`;
  }
}

/**
 * Where the disk of scratch is full, the system's error names a work file, of which nobody has heard: this says what to
 * do. Who has said more than the system stays.
 */
export function explainFullScratch(error: unknown, scratch: string): unknown {
  const { code, details } = toAppError(error);
  const path = details?.errno === undefined ? undefined : details.path;
  const isWithin = typeof path === "string" && `${path}/`.startsWith(`${scratch}/`);
  if (code !== "no_space" || !isWithin) return error;
  return new AppError(
    "no_space",
    `no space is left in the scratch folder ${scratch}; free some, or name another with DATALAKE_SCRATCH`,
    { details: { ...details, path: scratch }, cause: error },
  );
}

/** The errno name (`ENOENT`, `EEXIST`...) of a system error, or undefined. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

const ENGINE_TEXTS: Record<string, string> = {
  "No space left on device": "ENOSPC",
  "Disk quota exceeded": "EDQUOT",
  "Permission denied": "EACCES",
  "Read-only file system": "EROFS",
  "Input/output error": "EIO",
  "Stale file handle": "ESTALE",
};
const ENGINE_ERROR = new RegExp(
  `^(?:IO|TransactionContext|FATAL) Error: .*: (${Object.keys(ENGINE_TEXTS).join("|")})`,
  "s",
);

/** What the system told the database engine, which passes it on in its own words: `IO Error: Could not write file ...`. */
export function engineSystemError(error: unknown): { errno: string; path: string | undefined } | undefined {
  if (!(error instanceof Error) || error instanceof AppError) return undefined;
  const [whole, text = ""] = ENGINE_ERROR.exec(error.message) ?? [];
  const errno = ENGINE_TEXTS[text];
  // The last name is the file's: before it, a failed checkpoint names the database.
  const [, path] = [...(whole ?? "").matchAll(/"([^"]*)"/g)].at(-1) ?? [];
  return errno === undefined ? undefined : { errno, path };
}

/** Throws `cancelled` when the signal has fired; call it between steps that cannot be interrupted. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new AppError("cancelled", "cancelled");
}
