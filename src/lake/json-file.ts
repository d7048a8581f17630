import { constants } from "node:fs";
import { open } from "node:fs/promises";
import * as v from "valibot";
import { AppError } from "../errors.ts";
import { checkValue } from "../schema/check.ts";
import { describeProblem } from "../schema/describe-issue.ts";
import { nestsDeeper } from "../util/json-depth.ts";
import { isMissing } from "./files.ts";
import { DEFAULT_MODES, type Modes } from "./modes.ts";
import { writeAtomic } from "./replace.ts";
import { readReplaced } from "./replaced.ts";

export async function writeJson(path: string, value: unknown, modes: Modes = DEFAULT_MODES): Promise<void> {
  await writeAtomic(path, `${JSON.stringify(value, null, 2)}\n`, modes);
}

/** Reads and checks a JSON file; undefined when there is none. Throws `corrupt` naming file and field otherwise. */
export async function readJson<S extends v.GenericSchema>(
  path: string,
  schema: S,
): Promise<v.InferOutput<S> | undefined> {
  try {
    return parseJson(path, await readReplaced(path, () => readRegular(path)), schema);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** No document of a lake is larger; a job of a million uploads has less. */
const MAX_JSON_BYTES = 256 << 20;

/** Somebody's pipe in the place of a file would be waited for without end. */
async function readRegular(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const facts = await handle.stat();
    if (facts.isFile() && facts.size <= MAX_JSON_BYTES) return await handle.readFile("utf8");
    const what = facts.isFile() ? `has ${facts.size} bytes` : "is no file";
    throw new AppError("corrupt", `${path} ${what}; restore or remove it`, { details: { path } });
  } finally {
    await handle.close();
  }
}

/** Deeper than the features of any dataset. */
const MAX_JSON_DEPTH = 256;

/** Checks the text of a JSON file. Throws `corrupt` naming file and field (`details.problem` says it without the path). */
export function parseJson<S extends v.GenericSchema>(
  path: string,
  text: string,
  schema: S,
): v.InferOutput<S> {
  const refuse = (problem: string, cause?: unknown) =>
    new AppError("corrupt", `${path} ${problem}; restore or remove the file`, {
      details: { path, problem },
      cause,
    });
  if (nestsDeeper(text, MAX_JSON_DEPTH)) throw refuse(`nests deeper than ${MAX_JSON_DEPTH} levels`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse("is not JSON", cause);
  }
  const result = checkValue(schema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const where = v.getDotPath(issue);
  throw refuse(`is wrong${where === null ? "" : ` at ${where}`}: ${describeProblem(issue)}`);
}
