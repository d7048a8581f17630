import * as v from "valibot";

/**
 * A list of at most so many elements, which are looked at only where it is no longer: what a stranger sends may hold
 * hundreds of thousands.
 */
export function listOf<const S extends v.GenericSchema>(element: S, maxLength: number) {
  const problem = `has more than ${counted(maxLength)} elements`;
  return guarded(v.pipe(v.array(element), v.maxLength(maxLength, problem)), (value) =>
    Array.isArray(value) && value.length > maxLength ? problem : undefined,
  );
}

/** An object of at most so many entries, under names of the sender's own; the library would take a list as well. */
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

/** A text of at most so many characters. Put it before what reads the text. */
export function textUpTo(maxLength: number) {
  return v.pipe(v.string(), v.maxLength(maxLength, `is longer than ${counted(maxLength)} characters`));
}

/** The schema, behind a look at the value as a whole, which gives why it is refused. */
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
