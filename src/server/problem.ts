import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode, toAppError } from "../errors.ts";
import { describeIssue } from "../schema/describe-issue.ts";

export const ErrorDocumentSchema = v.object({
  error: v.object({
    code: v.picklist(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    message: v.string(),
    details: v.optional(v.record(v.string(), v.unknown())),
  }),
});

/** Any error as the answer of the server: the error's document under the status of its code. */
export function problem(thrown: unknown): Response {
  const error = toAppError(thrown);
  return Response.json(error.toDocument(), { status: error.status });
}

/** What the HTTP framework throws, as ours. */
export function fromFramework(code: string | number, thrown: unknown, request: Request): AppError {
  if (thrown instanceof AppError) return thrown;
  const where = `${request.method} ${new URL(request.url).pathname}`;
  if (code === "NOT_FOUND") return new AppError("not_found", `${where} does not exist; see /openapi.json`);
  if (code === "PARSE") return new AppError("usage", `the body of ${where} is not JSON`, { cause: thrown });
  if (code === "VALIDATION") {
    return new AppError("usage", `${where}: ${validationMessage(thrown)}`, { cause: thrown });
  }
  return toAppError(thrown);
}

/** Of the first thing that is wrong: where, and what. The framework knows the value and the schema, and loses the path. */
function validationMessage(thrown: unknown): string {
  const { validator, value, message } = thrown as {
    validator?: { schema?: v.GenericSchema };
    value?: unknown;
    message?: string;
  };
  if (validator?.schema === undefined) return message ?? "is not what is expected";
  const [issue] = v.safeParse(validator.schema, value).issues ?? [];
  if (issue === undefined) return "is not what is expected";
  if (value === undefined) return "the body is missing, or its Content-Type is not application/json";
  return describeIssue(issue);
}
