import * as v from "valibot";
import { excerpt, quoteExcerpt } from "./excerpt.ts";

const MAX_PROBLEM_CHARS = 400;

/** Describes an issue for people: where, then what. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  const where = path === null ? null : excerpt(path);
  const isOfObject = issue.type === "object" || issue.type === "strict_object";
  if (isOfObject && issue.expected === "never") return `there is no field ${quoteExcerpt(path ?? "")}`;
  if (isOfObject && where !== null && issue.received === "undefined") return `${where} is missing`;
  if (isOfObject && where === null) return "a JSON object is expected";
  return `${where === null ? "" : `${where}: `}${describeProblem(issue)}`;
}

/** Describes an issue without its place. Shortens the value, which the library prints in full. */
export function describeProblem({ message, received }: v.BaseIssue<unknown>): string {
  return excerpt(
    message.replace(received, () => excerpt(received)),
    MAX_PROBLEM_CHARS,
  );
}
