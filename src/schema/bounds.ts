import * as v from "valibot";
import { formatCount } from "../util/format.ts";

/** A list of at most `maxLength` elements; a longer one, of hundreds of thousands, is rejected unchecked. */
export function listOf<const S extends v.GenericSchema>(element: S, maxLength: number) {
  const problem = `has more than ${formatCount(maxLength)} elements`;
  return guarded(v.pipe(v.array(element), v.maxLength(maxLength, problem)), (value) =>
    Array.isArray(value) && value.length > maxLength ? problem : undefined,
  );
}

/** An object of at most `maxEntries` entries with arbitrary keys; the library would also accept a list. */
export function recordOf<const K extends v.GenericSchema<string, string>, const S extends v.GenericSchema>(
  key: K,
  value: S,
  maxEntries: number,
) {
  const problem = `has more than ${counted(maxEntries)} entries`;
  return guarded(v.pipe(v.record(key, value), v.maxEntries(maxEntries, problem)), (given) => {
    if (typeof given !== "object" || given === null) return undefined;
    if (Array.isArray(given)) return "is a list; an object is expected";
    return Object.keys(given).length > maxEntries ? problem : undefined;
  });
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

function counted(count: number): string {
  return count.toLocaleString("en");
}
