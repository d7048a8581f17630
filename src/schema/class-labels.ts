/**
 * One legacy feature for values of two files, or undefined where their numbers stand for different names: of ClassLabels
 * one may have more names behind those of the other. Otherwise it is the first.
 */
export function meetLabels(a: unknown, b: unknown): unknown {
  if (!isObject(a) || !isObject(b)) return a;
  if (a._type === "ClassLabel" && b._type === "ClassLabel") return meetNames(a, b);
  const met = Object.entries(a).map(([key, value]) => [key, meetLabels(value, b[key])] as const);
  if (met.some(([, value]) => value === undefined)) return undefined;
  return Array.isArray(a) ? met.map(([, value]) => value) : Object.fromEntries(met);
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
