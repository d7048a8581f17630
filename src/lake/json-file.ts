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

/** Replaces a JSON file atomically. Its seal proves completeness and identifies the attempt (`sealJson`). */
export async function writeJson(
  path: string,
  value: object,
  modes: Modes = DEFAULT_MODES,
  options: WriteOptions = {},
): Promise<void> {
  await writeAtomic(path, sealJson(value), modes, options);
}

/** Fields of the seal: the same id first and last. */
const FIRST = "attempt";
const LAST = "attempt_end";

/**
 * Text of a sealed document: a truncated or padded one is invalid JSON, and one mixed from two states has two
 * ids. The id is new for each attempt, so no other file has the same bytes.
 */
export function sealJson(value: object): string {
  const id = crypto.randomUUID();
  return `${JSON.stringify({ [FIRST]: id, ...value, [LAST]: id }, null, 2)}\n`;
}

/**
 * Reads and checks a JSON file; undefined if missing. With `view`, waits for a file that a lagging mount
 * shows incompletely. Throws `corrupt` naming file and field, `not_whole`.
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

/** Checks the text of a JSON file. Throws `corrupt` naming file and field (`details.problem`: field only). */
export function parseJson<S extends v.GenericSchema>(
  path: string,
  text: string,
  schema: S,
): v.InferOutput<S> {
  const seen = lookAtJson(path, text, schema);
  return seen.isWhole ? seen.value : (seen.asSeen() as v.InferOutput<S>);
}

/**
 * The same as a look: unparsable text may be an incomplete view. Throws `corrupt` for an invalid document.
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

/** Removes the seal; documents of version 0.1.0 have none. */
function unseal(value: unknown): { document: unknown; isMixed: boolean } {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return { document: value, isMixed: false };
  const { [FIRST]: first, [LAST]: last, ...document } = value as Record<string, unknown>;
  return { document, isMixed: first !== last };
}
