import { AppError, type ErrorCode } from "../../errors.ts";

/** An error reported by Trino for a query. */
export interface TrinoFailure {
  message: string;
  /** As in Trino's StandardErrorCode: `SYNTAX_ERROR`, `TABLE_NOT_FOUND`. */
  errorName: string;
  /** `USER_ERROR`, `INTERNAL_ERROR`, `EXTERNAL` or `INSUFFICIENT_RESOURCES`. */
  errorType: string;
}

const CODES: Record<string, ErrorCode> = {
  TABLE_NOT_FOUND: "not_found",
  SCHEMA_NOT_FOUND: "not_found",
  CATALOG_NOT_FOUND: "not_found",
  PERMISSION_DENIED: "forbidden",
  EXCEEDED_TIME_LIMIT: "timeout",
  EXCEEDED_SCAN_LIMIT: "too_large",
  USER_CANCELED: "cancelled",
};

const REMEDIES: Partial<Record<ErrorCode, string>> = {
  not_found:
    "`datalake sync --to trino` makes the tables, trino.catalog, trino.schema and trino.table name them",
  forbidden: "ask whoever runs that Trino for the right to read the table",
  timeout: "ask for less, or raise the limit",
  too_large: "narrow the selection, or raise the limit",
};

/** Converts a query's failure: the statement's errors to `invalid_sql`, the cluster's to `engine_failed`. */
export function failureOf(failure: TrinoFailure, queryId: string): AppError {
  const { errorName, errorType } = failure;
  const code = CODES[errorName] ?? (errorType === "USER_ERROR" ? "invalid_sql" : "engine_failed");
  const said = failure.message.split("\n")[0] ?? errorName;
  const advice = REMEDIES[code] ?? (code === "engine_failed" ? adviceFor(errorType) : undefined);
  return new AppError(code, `Trino says: ${said}${advice === undefined ? "" : `; ${advice}`}`, {
    details: { engine: "trino", query_id: queryId, error: errorName },
  });
}

function adviceFor(errorType: string): string {
  if (errorType === "INSUFFICIENT_RESOURCES")
    return "ask for less, or try again when the cluster is less busy";
  return "run it again, and see the query in Trino's own log if it fails the same way";
}

/** Converts a response that is no page of results. `place` is the server's address. */
export function refusalOf(status: number, place: string, user: string, body: string): AppError {
  const said = body.trim().split("\n")[0]?.slice(0, 200) ?? "";
  const details = { engine: "trino", status };
  if (status === 401 || status === 403) {
    return new AppError(
      "unauthorized",
      `Trino at ${place} refuses the user ${user} (${status}${said && `: ${said}`}); set trino.user, and its password or token`,
      { details },
    );
  }
  return new AppError(
    "engine_failed",
    `Trino at ${place} answers ${status}${said && `: ${said}`}; check trino.url and try again`,
    { details },
  );
}
