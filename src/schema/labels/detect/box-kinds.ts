import type { View } from "../view.ts";
import { placesOf } from "../view-box.ts";

/** Boxes, or questions, of one kind in a list of objects. */
interface Kind {
  part: Partial<View>;
  rows: Set<number>;
  objects: number;
}

/** The kinds of boxes and questions in a list, and which of them its objects have. */
export interface BoxKinds {
  kinds: Map<string, Kind>;
  /** Those that one object has, each set once. */
  together: Map<string, readonly string[]>;
}

export function createBoxKinds(): BoxKinds {
  return { kinds: new Map(), together: new Map() };
}

/** Notes what an object of a row has. */
export function noteKinds({ kinds, together }: BoxKinds, parts: readonly Partial<View>[], row: number): void {
  const keys = parts.map((part) => JSON.stringify(part));
  together.set(keys.join("\n"), keys);
  for (const [at, part] of parts.entries()) {
    const key = keys[at] ?? "";
    const kind = kinds.get(key) ?? { part, rows: new Set(), objects: 0 };
    kinds.set(key, kind);
    kind.rows.add(row);
    kind.objects++;
  }
}

/**
 * The box that most objects have, or their question; where others have boxes of another kind alone, a list of places. `rows`
 * are those with one of them.
 */
export function chooseKinds({
  kinds,
  together,
}: BoxKinds): { part: Partial<View>; rows: number } | undefined {
  const sorted = [...kinds].sort(([, a], [, b]) => b.rows.size - a.rows.size || b.objects - a.objects);
  const chosen: Kind[] = [];
  let left = [...together.values()];
  for (const [key, kind] of sorted) {
    const isFurther = chosen.length > 0;
    if (isFurther && [kind, chosen[0]].some((one) => one?.part.box === undefined)) continue;
    if (!left.some((keys) => keys.includes(key))) continue;
    chosen.push(kind);
    left = left.filter((keys) => !keys.includes(key));
  }
  const [first, ...others] = chosen;
  if (first === undefined) return undefined;
  const rows = new Set(chosen.flatMap((kind) => [...kind.rows])).size;
  if (others.length === 0) return { part: first.part, rows };
  const places = chosen.flatMap(({ part }) => placesOf(part));
  return { part: { box: places.map((place) => ("path" in place ? place : place.parts)) }, rows };
}
