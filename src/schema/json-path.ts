import * as v from "valibot";
import { quoteExcerpt } from "./excerpt.ts";

/** One step of a path: into an object's field, to an element (from 0), or to every element of a list. */
export type JsonStep = { key: string } | { index: number } | { each: true };

/** `$.word.text`, `$.word[*].text`, `$["a key"][0]`. */
const STEP =
  /\.(?<plain>[^.[\]"'\s]+)|\.?"(?<quoted>(?:[^"\\]|\\.)+)"|\[\s*(?:"(?<key>(?:[^"\\]|\\.)+)"|'(?<single>[^']+)'|(?<index>\d{1,9})|(?<each>\*))\s*\]/uy;

/** The step that begins at `at` of a path, and where the next one does; undefined for what is none. */
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

/** The steps of a JSON path, or why it is none. */
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

/** The path as it is written: `parseJsonPath` gives the same steps. */
export function formatJsonPath(steps: readonly JsonStep[]): string {
  const parts = steps.map((step) => {
    if ("each" in step) return "[*]";
    if ("index" in step) return `[${step.index}]`;
    return /^[\p{L}\p{N}_-]+$/u.test(step.key) ? `.${step.key}` : `["${step.key.replace(/["\\]/g, "\\$&")}"]`;
  });
  return `$${parts.join("")}`;
}

/**
 * The values at a path of a parsed JSON document. A list is searched element by element where the path does not say
 * which, at its end too, and so is a list in a list. This is what every engine does in its own SQL.
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

/** The elements of a list, and those of lists in it. */
function flatten(value: unknown): unknown[] {
  return Array.isArray(value) ? value.flat(1) : [value];
}

/** Whether a number may hold this text: numbers at a path are searched as they are written. */
export function isOfNumber(text: string): boolean {
  return /^[-+.\deE]+$/.test(text);
}

/** A JSON path as people write it; at most 16 steps. */
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
