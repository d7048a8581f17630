import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode, toAppError } from "../../errors.ts";
import { excerpt } from "../../schema/excerpt.ts";
import { Unfit } from "./checked.ts";

export const ErrorDocumentSchema = v.object({
  error: v.object({
    code: v.picklist(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    message: v.string(),
    details: v.optional(v.record(v.string(), v.unknown())),
  }),
});

/** Any error as the answer of the server: the error's document under the status of its code, never a large one. */
export function problem(thrown: unknown): Response {
  const { status, code, message, details } = toAppError(thrown);
  const error = { code, message: shorten(message), ...(details && { details: small(details) }) };
  return Response.json({ error }, { status });
}

const MAX_MESSAGE_CHARS = 1000;
const MAX_DETAIL_CHARS = 1000;
const END_CHARS = 300;

/** Without its middle where it is long: what failed is at the beginning, what to do at the end. */
function shorten(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  return `${message.slice(0, MAX_MESSAGE_CHARS - END_CHARS)} … ${message.slice(-END_CHARS)}`;
}

/** Those details that are short: others repeat what was sent. */
function small(details: Record<string, unknown>): Record<string, unknown> {
  const isSmall = (value: unknown) => (JSON.stringify(value) ?? "").length <= MAX_DETAIL_CHARS;
  return Object.fromEntries(Object.entries(details).filter(([, value]) => isSmall(value)));
}

const MAX_PATH_CHARS = 200;

/** What the HTTP framework throws, as ours. */
export function fromFramework(code: string | number, thrown: unknown, request: Request): AppError {
  const where = `${request.method} ${excerpt(new URL(request.url).pathname, MAX_PATH_CHARS)}`;
  if (thrown instanceof Unfit) return new AppError("usage", `${where}: ${thrown.message}`);
  if (thrown instanceof AppError) return thrown;
  if (code === "NOT_FOUND")
    return new AppError("not_found", `${where} does not exist; see /docs and /openapi.json`);
  if (code === "PARSE") return new AppError("usage", `the body of ${where} is not JSON`, { cause: thrown });
  // Of an answer, which is ours; of what was asked `checked` has said all.
  if (code === "VALIDATION")
    return new AppError("internal", `the response of ${where} does not match its schema`);
  return toAppError(thrown);
}
