import * as v from "valibot";
import { AppError, type ErrorCode } from "../../errors.ts";
import { checkValue } from "../../schema/check.ts";
import { type Failure, FailureSchema, failureError } from "../../schema/failure.ts";

/** There is no response. */
export function unreachable(url: string, cause: unknown): AppError {
  return new AppError(
    "server_unreachable",
    `cannot reach the server at ${url}; check that \`datalake serve\` runs there and --server names it`,
    { details: { url }, cause },
  );
}

/** Facts about a machine's disk. */
const OF_A_MACHINE: ReadonlySet<ErrorCode> = new Set(["no_space", "permission_denied", "io"]);

const DocumentSchema = v.object({ error: FailureSchema });

/** What a server answered instead of what was asked for. */
export async function serverError(url: string, response: Response): Promise<AppError> {
  const parsed = checkValue(DocumentSchema, await response.json().catch(() => undefined));
  if (!parsed.success) {
    return new AppError(
      "server_unreachable",
      `${url} answered ${response.status}; it may not be a datalake server`,
      {
        details: { url, status: response.status },
      },
    );
  }
  return describedError(parsed.output.error);
}

/** The error of a server's response. */
export function describedError(failure: Failure): AppError {
  // What is expected to happen reads the same from a server as from a folder; the rest is looked for in the
  // server's log.
  const { request_id, ...own } = failure.details ?? {};
  const { code, message } = failureError(failure);
  const told = code === "internal" && request_id !== undefined ? { ...own, request_id } : own;
  // Else a person would look at the disk of the wrong machine.
  const where = OF_A_MACHINE.has(code) ? "on the server, " : "";
  return new AppError(code, `${where}${message}`, Object.keys(told).length === 0 ? {} : { details: told });
}
