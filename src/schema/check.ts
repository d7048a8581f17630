import * as v from "valibot";

/**
 * Stop at the first issue. An issue holds the whole value, so all issues of a long invalid list would take
 * seconds and gigabytes for a single request.
 */
const FIRST = { abortEarly: true, abortPipeEarly: true } as const;

/** Validates an external value; returns its output or the single issue, for `describeIssue`. */
export function checkValue<const S extends v.GenericSchema>(schema: S, value: unknown): v.SafeParseResult<S> {
  return v.safeParse(schema, value, FIRST);
}

/** Parses a value sent by another part of this program. Throws a plain error if it is invalid. */
export function parseValue<const S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> {
  return v.parse(schema, value, FIRST);
}
