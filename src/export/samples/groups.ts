import { createMarks, markText } from "./marks.ts";

/** A value that keeps rows together. Of several, the one of the lowest rank names the group. */
export interface GroupKey {
  rank: number;
  value: string;
}

/** Sets of rows that belong together since they share a value, or are linked by rows that do. */
export interface Groups {
  /** A row with these values. */
  add(keys: readonly GroupKey[]): void;
  /** The name of the group that a row with these values is in: the same for any order in which rows were added. */
  nameOf(keys: readonly GroupKey[]): string;
}

/**
 * Union and find over 64 bits of each value's SHA-256, in typed arrays: 40 bytes a distinct value, whatever its length.
 */
export function createGroups(): Groups {
  const marks = createMarks();
  let parents = new Uint32Array(1 << 12);
  let ranks = new Uint8Array(parents.length);
  const idOf = (key: GroupKey) => {
    const known = marks.count();
    const id = marks.idOf(markOf(key));
    if (id < known) return id;
    if (id === parents.length) {
      parents = grown(parents, new Uint32Array(id * 2));
      ranks = grown(ranks, new Uint8Array(id * 2));
    }
    parents[id] = id;
    ranks[id] = key.rank;
    return id;
  };
  const rootOf = (id: number) => {
    let root = id;
    while (parents[root] !== root) root = parents[root] as number;
    for (let at = id; at !== root; ) {
      const next = parents[at] as number;
      parents[at] = root;
      at = next;
    }
    return root;
  };
  const isBefore = (a: number, b: number) =>
    (ranks[a] as number) < (ranks[b] as number) ||
    (ranks[a] === ranks[b] && marks.markOf(a) < marks.markOf(b));
  const join = (a: number, b: number) => {
    const [one, other] = [rootOf(a), rootOf(b)];
    if (one === other) return;
    const [first, last] = isBefore(one, other) ? [one, other] : [other, one];
    parents[last] = first;
  };

  return {
    add: (keys) => {
      const [first, ...more] = keys.map(idOf);
      for (const id of more) join(first as number, id);
    },
    nameOf: (keys) => {
      const [first] = keys;
      return first === undefined ? "" : nameOfMark(marks.markOf(rootOf(idOf(first))));
    },
  };
}

/** The name of the group of a row that no other row is linked to but by this value. */
export function nameOfKey(key: GroupKey): string {
  return nameOfMark(markOf(key));
}

function markOf({ rank, value }: GroupKey): bigint {
  return markText(`${rank}\n${value}`);
}

function nameOfMark(mark: bigint): string {
  return mark.toString(16).padStart(16, "0");
}

function grown<T extends Uint32Array | Uint8Array>(old: T, made: T): T {
  made.set(old);
  return made;
}
