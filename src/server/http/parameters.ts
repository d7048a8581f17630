import type * as v from "valibot";
import type { GenericSchema } from "valibot";
import { AppError } from "../../errors.ts";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";

/**
 * The parameters of a URL, checked; a repeated one is a list. The framework would also cut a value at its commas, which
 * a statement or a text has. Throws `usage`.
 */
export function readParameters<S extends GenericSchema>(request: Request, schema: S): v.InferOutput<S> {
  const { pathname, searchParams } = new URL(request.url);
  const given: Record<string, string | string[]> = {};
  for (const name of new Set(searchParams.keys())) {
    const values = searchParams.getAll(name);
    given[name] = values.length === 1 ? (values[0] as string) : values;
  }
  const checked = checkValue(schema, given);
  if (checked.success) return checked.output;
  const [issue] = checked.issues;
  throw new AppError("usage", `${request.method} ${pathname}: ${describeIssue(issue)}`);
}
