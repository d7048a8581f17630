import type { GenericSchema } from "valibot";
import { checkValue } from "../../schema/check.ts";
import { describeIssue } from "../../schema/describe-issue.ts";

/** Marks the schemas made here. */
export const VENDOR = "datalake";

/**
 * The schema of what a route is sent, with our check in place of the framework's, which lists all that is wrong, and
 * writes the whole value into its error. Throws `usage`, to which `fromFramework` adds the route.
 */
export function checked<const S extends GenericSchema>(schema: S): S {
  const validate = (value: unknown) => {
    const result = checkValue(schema, value);
    if (result.success) return { value: result.output };
    throw new Unfit(
      value === undefined
        ? "the body is missing, or its Content-Type is not application/json"
        : describeIssue(result.issues[0]),
    );
  };
  return { ...schema, "~standard": { version: 1, vendor: VENDOR, validate } };
}

/** The request does not match the schema of the route; the message says why. */
export class Unfit extends Error {}
