import * as v from "valibot";

/**
 * A check ends at the first thing that is wrong, and a pipe at the first of its steps that refuses. An issue holds the
 * whole value: those of a list of wrong elements would take seconds and gigabytes for what fits in a request.
 */
const FIRST = { abortEarly: true, abortPipeEarly: true } as const;

/** Checks a value that came from outside: its output, or the one issue that `describeIssue` puts into words. */
export function checkValue<const S extends v.GenericSchema>(schema: S, value: unknown): v.SafeParseResult<S> {
  return v.safeParse(schema, value, FIRST);
}

/** The output of a value whose sender is another part of this program. Throws a plain error for one that does not fit. */
export function parseValue<const S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  return v.parse(schema, value, FIRST);
}
