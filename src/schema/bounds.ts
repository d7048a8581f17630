import * as v from "valibot";
import { formatCount } from "../util/format.ts";

/** A list of at most `maxLength` elements; a longer one, of hundreds of thousands, is rejected unchecked. */
export function listOf<const S extends v.GenericSchema>(element: S, maxLength: number) {
  const problem = `has more than ${formatCount(maxLength)} elements`;
  return guarded(v.pipe(v.array(element), v.maxLength(maxLength, problem)), (value) =>
    Array.isArray(value) && value.length > maxLength ? problem : undefined,
  );
}

/**
 * An object of at most `maxEntries` entries with arbitrary keys; the library would also accept a list, and drop the
 * columns `constructor` and `prototype`.
 */
export function recordOf<const K extends v.GenericSchema<string, string>, const S extends v.GenericSchema>(
  key: K,
  value: S,
  maxEntries: number,
) {
  const problem = `has more than ${formatCount(maxEntries)} entries`;
  const written = v.record(v.pipe(v.string(), v.transform(readKey), key), value);
  const record: v.RecordSchema<K, S, undefined> = {
    ...v.record(key, value),
    "~run": ({ value: given }, config) =>
      written["~run"]({ value: isObject(given) ? writeKeys(given) : given }, config),
  };
  return guarded(v.pipe(record, v.maxEntries(maxEntries, problem)), (given) => {
    if (Array.isArray(given)) return "is a list; an object is expected";
    return isObject(given) && Object.keys(given).length > maxEntries ? problem : undefined;
  });
}

/** Gives the keys that the library drops another form, a space behind, which `readKey` takes away. */
function writeKeys(given: object): object {
  const entries = Object.entries(given);
  if (!entries.some(([key]) => DROPPED.test(key))) return given;
  return Object.fromEntries(entries.map(([key, value]) => [DROPPED.test(key) ? `${key} ` : key, value]));
}

function readKey(key: string): string {
  return DROPPED.test(key) ? key.slice(0, -1) : key;
}

const DROPPED = /^(constructor|prototype) *$/;

function isObject(given: unknown): given is object {
  return typeof given === "object" && given !== null;
}

/** A text of at most `maxLength` characters. Put it before checks that scan the text. */
export function textUpTo(maxLength: number) {
  return v.pipe(v.string(), v.maxLength(maxLength, `is longer than ${formatCount(maxLength)} characters`));
}

/** Adds a check of the whole value before the schema; it returns the reason for a rejection. */
function guarded<const S extends v.GenericSchema>(
  schema: S,
  problemOf: (value: unknown) => string | undefined,
): S {
  return {
    ...schema,
    "~run": (dataset: v.UnknownDataset, config: v.Config<v.BaseIssue<unknown>>) => {
      const problem = problemOf(dataset.value);
      if (problem === undefined) return schema["~run"](dataset, config);
      return v.custom(() => false, problem)["~run"](dataset, config);
    },
  };
}
