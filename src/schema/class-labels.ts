/**
 * One legacy feature for values of two files, or undefined where their numbers stand for different names, or count
 * durations in different units: of ClassLabels one may have more names behind those of the other. Otherwise it is the
 * first.
 */
export function meetLabels(a: unknown, b: unknown): unknown {
  if (!isObject(a) || !isObject(b)) return a;
  if (a._type === "ClassLabel" && b._type === "ClassLabel") return meetNames(a, b);
  if (a._type === "Value" && b._type === "Value") {
    const [ofA, ofB] = [durationUnit(a), durationUnit(b)];
    if (ofA !== undefined && ofB !== undefined && ofA !== ofB) return undefined;
    return isMixedJson(a) && !isMixedJson(b) ? b : a;
  }
  const met = Object.entries(a).map(([key, value]) => [key, meetLabels(value, b[key])] as const);
  if (met.some(([, value]) => value === undefined)) return undefined;
  return Array.isArray(a) ? met.map(([, value]) => value) : Object.fromEntries(met);
}

/** Names of the ClassLabel in a feature of a plain column, by number; undefined where there is none. */
export function labelNames(feature: unknown): readonly unknown[] | undefined {
  if (!isObject(feature)) return undefined;
  if (feature._type === "ClassLabel") return namesOf(feature);
  for (const inner of Object.values(feature)) {
    const names = labelNames(inner);
    if (names !== undefined) return names;
  }
  return undefined;
}

const UNITS = { s: "seconds", ms: "milliseconds", us: "microseconds", ns: "nanoseconds" } as const;

/** The feature of whole numbers that count so many of a unit: `id` is what `datasets` keeps of a value's meaning. */
export function durationFeature(unit: keyof typeof UNITS): Record<string, unknown> {
  return { dtype: "int64", id: `duration[${unit}]`, _type: "Value" };
}

/** The unit in which the whole numbers of a plain column count durations; undefined where they are none. */
export function durationUnit(feature: unknown): string | undefined {
  if (!isObject(feature)) return undefined;
  if (feature._type === "Sequence") return durationUnit(feature.feature);
  const [, unit] = /^duration\[(s|ms|us|ns)\]$/.exec(typeof feature.id === "string" ? feature.id : "") ?? [];
  return unit === undefined ? undefined : UNITS[unit as keyof typeof UNITS];
}

/** The feature of JSON text whose plain texts are in quotes, because values of other types stand beside them. */
export const MIXED_JSON = { dtype: "string", id: "json", _type: "Value" } as const;

export function isMixedJson(feature: unknown): boolean {
  return isObject(feature) && feature._type === "Value" && feature.id === MIXED_JSON.id;
}

function meetNames(a: Record<string, unknown>, b: Record<string, unknown>): unknown {
  const [ofA, ofB] = [namesOf(a), namesOf(b)];
  const [more, fewer] = ofA.length < ofB.length ? [b, ofA] : [a, ofB];
  return fewer.every((name, at) => name === namesOf(more)[at]) ? more : undefined;
}

function namesOf({ names }: Record<string, unknown>): unknown[] {
  return Array.isArray(names) ? names : [];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
