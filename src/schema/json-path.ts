import * as v from "valibot";
import { quoteExcerpt } from "./excerpt.ts";

/** A path step: a field of an object, an element (from 0), or every element of a list. */
export type JsonStep = { key: string } | { index: number } | { each: true };

/** `$.word.text`, `$.word[*].text`, `$["a key"][0]`. */
const STEP =
  /\.(?<plain>[^.[\]"'\s]+)|\.?"(?<quoted>(?:[^"\\]|\\.)+)"|\[\s*(?:"(?<key>(?:[^"\\]|\\.)+)"|'(?<single>[^']+)'|(?<index>\d{1,9})|(?<each>\*))\s*\]/uy;

/** Reads the step at offset `at`, and the offset of the next one; undefined if it is invalid. */
export function readJsonStep(text: string, at: number): { step: JsonStep; end: number } | undefined {
  STEP.lastIndex = at;
  const groups = STEP.exec(text)?.groups;
  if (!groups) return undefined;
  const end = STEP.lastIndex;
  const { plain, quoted, key, single, index } = groups;
  const escaped = quoted ?? key;
  const name = plain ?? single ?? (escaped === undefined ? undefined : escaped.replace(/\\(.)/gu, "$1"));
  if (name !== undefined) return { step: { key: name }, end };
  return { step: index === undefined ? { each: true } : { index: Number(index) }, end };
}

/** Parses a JSON path; returns an error message if it is invalid. */
export function parseJsonPath(text: string): JsonStep[] | string {
  if (!text.startsWith("$")) return "does not begin with $, as in $.word.text";
  const steps: JsonStep[] = [];
  let at = 1;
  while (at < text.length) {
    const read = readJsonStep(text, at);
    if (!read)
      return `cannot be read from ${quoteExcerpt(text.slice(at))} on; write steps as .name, ["name"], [0] or [*]`;
    steps.push(read.step);
    at = read.end;
  }
  return steps;
}

/** Formats a path; inverse of `parseJsonPath`. */
export function formatJsonPath(steps: readonly JsonStep[]): string {
  const parts = steps.map((step) => {
    if ("each" in step) return "[*]";
    if ("index" in step) return `[${step.index}]`;
    return /^[\p{L}\p{N}_-]+$/u.test(step.key) ? `.${step.key}` : `["${step.key.replace(/["\\]/g, "\\$&")}"]`;
  });
  return `$${parts.join("")}`;
}

/**
 * Values at a path of a parsed JSON document. Lists, also nested and at the end of the path, are searched
 * element by element unless the path has an index. All engines do the same in SQL.
 */
export function valuesAt(document: unknown, steps: readonly JsonStep[]): unknown[] {
  let found = [document];
  for (const step of steps) {
    if ("index" in step) {
      found = found.flatMap((value) =>
        Array.isArray(value) && step.index < value.length ? [value[step.index]] : [],
      );
      continue;
    }
    const elements = found.flatMap(flatten);
    if ("each" in step) found = elements;
    else {
      found = elements.flatMap((value) =>
        typeof value === "object" && value !== null && Object.hasOwn(value, step.key)
          ? [(value as Record<string, unknown>)[step.key]]
          : [],
      );
    }
  }
  return found.flatMap(flatten);
}

function flatten(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flat(1) : [value];
}

/** Whether the text may be part of a number, true, false or null: these are searched at a path as they are written. */
export function isOfScalar(text: string): boolean {
  const folded = text.toLowerCase();
  return /^[-+.\de]+$/.test(folded) || ["true", "false", "null"].some((word) => word.includes(folded));
}

/** A JSON path of at most 16 steps. */
export const JsonPathSchema = v.pipe(
  v.string(),
  v.maxLength(10_000, "the JSON path is longer than 10,000 characters"),
  v.check(
    (text) => problemOf(text) === undefined,
    (issue) => `the JSON path ${quoteExcerpt(String(issue.input))} ${problemOf(String(issue.input))}`,
  ),
);

const MAX_STEPS = 16;

function problemOf(text: string): string | undefined {
  const steps = parseJsonPath(text);
  if (typeof steps === "string") return steps;
  return steps.length > MAX_STEPS ? `has more than ${MAX_STEPS} steps` : undefined;
}
