import * as v from "valibot";
import { AppError } from "../errors.ts";
import { quoteExcerpt } from "./excerpt.ts";

const NAME = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]*$/u;
const MAX_BYTES = 128;

/** Why `name` is invalid for a provider, dataset, task or variant; undefined if it is valid. */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (Buffer.byteLength(name) > MAX_BYTES) return `is longer than ${MAX_BYTES} bytes`;
  if (name !== name.normalize("NFC")) return "is not in Unicode form NFC";
  if (!NAME.test(name)) {
    return "may hold letters and digits of any script, '_', '-' and '.', and begins with a letter or digit";
  }
  // Properties of every JavaScript object, which record schemas drop silently.
  if (name === "constructor" || name === "prototype") return "is reserved";
  return undefined;
}

/** Validates a name entered by a user; throws `invalid_name` with the kind and the problem. */
export function parseName(kind: string, name: string): string {
  const composed = name.normalize("NFC");
  const problem = nameProblem(composed);
  if (problem) {
    throw new AppError(
      "invalid_name",
      `the ${kind} name ${quoteExcerpt(name)} ${problem}; choose another name`,
    );
  }
  return composed;
}

export const NameSchema = v.pipe(
  v.string(),
  v.check(
    (name) => nameProblem(name) === undefined,
    (issue) =>
      `the name ${quoteExcerpt(String(issue.input))} ${nameProblem(String(issue.input)) ?? "is refused"}`,
  ),
);

export const Sha256Schema = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, "is not a SHA-256 in lower-case hex"),
);

/** Upload and job ids sort by time: a letter for the kind, then a UUID v7 without dashes. */
export const UploadIdSchema = v.pipe(v.string(), v.regex(/^u[0-9a-f]{32}$/, "is not an upload id"));
export const JobIdSchema = v.pipe(v.string(), v.regex(/^j[0-9a-f]{32}$/, "is not a job id"));

export function createUploadId(): string {
  return `u${Bun.randomUUIDv7().replaceAll("-", "")}`;
}

export function createJobId(): string {
  return `j${Bun.randomUUIDv7().replaceAll("-", "")}`;
}
