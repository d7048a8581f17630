import * as v from "valibot";
import { excerpt, quoteExcerpt } from "./excerpt.ts";

const MAX_PROBLEM_CHARS = 400;

/** What is wrong with a value, for people: where, then what. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const where = path === null ? null : excerpt(path);
  const isOfObject = issue.type === "object" || issue.type === "strict_object";
  if (isOfObject && issue.expected === "never") return `there is no field ${quoteExcerpt(path ?? "")}`;
  if (isOfObject && where !== null && issue.received === "undefined") return `${where} is missing`;
  if (isOfObject && where === null) return "a JSON object is expected";
  return `${where === null ? "" : `${where}: `}${describeProblem(issue)}`;
}

/** What is wrong, without where. The value itself, which the library writes out, is shown by its beginning. */
export function describeProblem({ message, received }: v.BaseIssue<unknown>): string {
  return excerpt(
    message.replace(received, () => excerpt(received)),
    MAX_PROBLEM_CHARS,
  );
}
