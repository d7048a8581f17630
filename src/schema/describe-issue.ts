import * as v from "valibot";

/** What is wrong with a value, for people: where, then what. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const isOfObject = issue.type === "object" || issue.type === "strict_object";
  if (isOfObject && issue.expected === "never") return `there is no field ${JSON.stringify(path)}`;
  if (isOfObject && path !== null && issue.received === "undefined") return `${path} is missing`;
  if (isOfObject && path === null) return "a JSON object is expected";
  return `${path === null ? "" : `${path}: `}${issue.message}`;
}
