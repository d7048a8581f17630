import * as v from "valibot";
import { quoteExcerpt } from "../excerpt.ts";
import { type JsonStep, readJsonStep } from "../json-path.ts";

/** A step of a JSON path, or into every value of an object. */
export type LabelStep = JsonStep | { values: true };

/**
 * Where a value stands in a label: from the document (`$.words`), from the region itself (`text`) or from an object
 * around it (`^.category`, `^^.id`).
 */
export interface LabelPath {
  from: "document" | "region";
  /** How many objects to climb from the region. */
  climb: number;
  steps: LabelStep[];
}

/** The path of a text, or why it is none. */
export function parseLabelPath(text: string): LabelPath | string {
  const head = /^(?:\$|\^+)?/.exec(text)?.[0] ?? "";
  const rest = text.slice(head.length);
  if (head === "" && rest === "") return "is empty; write $ for the document or the name of a key";
  const path = rest === "" || /^[.["]/.test(rest) ? rest : `.${rest}`;
  const steps: LabelStep[] = [];
  let at = 0;
  while (at < path.length) {
    if (/^\.\*(?![^.[])/.test(path.slice(at, at + 3))) {
      steps.push({ values: true });
      at += 2;
      continue;
    }
    const read = readJsonStep(path, at);
    if (!read)
      return `cannot be read from ${quoteExcerpt(path.slice(at))} on; write steps as .name, ."a name", [0], [*] or .*`;
    steps.push(read.step);
    at = read.end;
  }
  return { from: head === "$" ? "document" : "region", climb: head === "$" ? 0 : head.length, steps };
}

const MAX_STEPS = 16;

function problemOf(text: string): string | undefined {
  const path = parseLabelPath(text);
  if (typeof path === "string") return path;
  return path.steps.length > MAX_STEPS ? `has more than ${MAX_STEPS} steps` : undefined;
}

/** A path as people write it; at most 16 steps. */
export const LabelPathSchema = v.pipe(
  v.string("is not a path, such as $.words or text"),
  v.maxLength(1000, "the path is longer than 1,000 characters"),
  v.check(
    (text) => problemOf(text) === undefined,
    (issue) => `the path ${quoteExcerpt(String(issue.input))} ${problemOf(String(issue.input))}`,
  ),
);

/** The path of a text that `LabelPathSchema` took. */
export function readLabelPath(text: string): LabelPath {
  const path = parseLabelPath(text);
  if (typeof path === "string") throw new Error(`the path ${quoteExcerpt(text)} ${path}`);
  return path;
}
