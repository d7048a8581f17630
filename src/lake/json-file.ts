import * as v from "valibot";
import { AppError } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { describeProblem } from "../schema/describe-issue.ts";
import { nestsDeeper } from "../util/json-depth.ts";
import { isMissing } from "./files.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { readRegular } from "./regular-file.ts";
import { type WriteOptions, writeAtomic } from "./replace.ts";
import { readReplaced } from "./replaced.ts";
import { type Look, seeWhole, type View } from "./view.ts";

/** Replaces a JSON file in one step. The file proves that it is complete and which attempt made it (`sealJson`). */
export async function writeJson(
  path: string,
  value: object,
  modes: Modes = DEFAULT_MODES,
  options: WriteOptions = {},
): Promise<void> {
  await writeAtomic(path, sealJson(value), modes, options);
}

/** The fields that prove a document: the same id first and last. */
const FIRST = "attempt";
const LAST = "attempt_end";

/**
 * The text of a document that proves that it is complete: one that is cut off or padded is no JSON, and one whose
 * beginning and end are of two states has two ids. The id is new with each attempt to write it, so no other file
 * has the same bytes.
 */
export function sealJson(value: object): string {
  const id = crypto.randomUUID();
  return `${JSON.stringify({ [FIRST]: id, ...value, [LAST]: id }, null, 2)}\n`;
}

/**
 * Reads and checks a JSON file; undefined when there is none. Waits for one that a lagging mount shows incompletely
 * (only with `view`). Throws `corrupt` naming file and field, `not_whole`.
 */
export async function readJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
  view?: View,
): Promise<v.InferOutput<S> | undefined> {
  try {
    const read = () => readReplaced(path, () => readRegular(path));
    return await seeWhole(view, path, async () => lookAtJson(path, await read(), schema));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Deeper than the features of any dataset. */
const MAX_JSON_DEPTH = 256;

/**
 * Checks the text of a JSON file. Throws `corrupt` naming file and field (`details.problem` says it without the
 * path).
 */
export function parseJson<S extends v.GenericSchema>(
  path: string,
  text: string,
  schema: S,
): v.InferOutput<S> {
  const seen = lookAtJson(path, text, schema);
  return seen.isWhole ? seen.value : (seen.asSeen() as v.InferOutput<S>);
}

/**
 * The same as a look: text that is no document may be one that is not seen whole. Throws `corrupt` for a wrong
 * document.
 */
export function lookAtJson<S extends v.GenericSchema>(
  path: string,
  text: string,
  schema: S,
): Look<v.InferOutput<S>> {
  const refuse = (problem: string, cause?: unknown) =>
    new AppError("corrupt", `${path} ${problem}; restore or remove the file`, {
      details: { path, problem },
      cause,
    });
  const unproved = (problem: string, asSeen: string, cause?: unknown): Look<never> => ({
    isWhole: false,
    problem,
    asSeen: () => {
      throw refuse(asSeen, cause);
    },
  });
  if (nestsDeeper(text, MAX_JSON_DEPTH)) throw refuse(`nests deeper than ${MAX_JSON_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return unproved("is seen cut off or padded", "is not JSON", cause);
  }
  const { document, isMixed } = unseal(value);
  if (isMixed) return unproved("is seen with parts of two states", "holds parts of two states");
  const result = checkValue(schema, document);
  if (result.success) return { isWhole: true, value: result.output };
  const issue = result.issues[0];
  const where = v.getDotPath(issue);
  throw refuse(`is wrong${where === null ? "" : ` at ${where}`}: ${describeProblem(issue)}`);
}

/** A document without its proof; those of version 0.1.0 have none. */
function unseal(value: unknown): { document: unknown; isMixed: boolean } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { document: value, isMixed: false };
  const { [FIRST]: first, [LAST]: last, ...document } = value as Record<string, unknown>;
  return { document, isMixed: first !== last };
}
