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

const EMPTY = 0xffff_ffff;

/**
 * Union and find over 64 bits of each value's SHA-256, in typed arrays: 40 bytes a distinct value, whatever its length.
 */
export function createGroups(): Groups {
  let capacity = 1 << 12;
  let count = 0;
  let slots = new Uint32Array(capacity * 2).fill(EMPTY);
  let marks = new BigUint64Array(capacity);
  let parents = new Uint32Array(capacity);
  let ranks = new Uint8Array(capacity);
  /** Of a root: the mark that names its group. */
  let names = new BigUint64Array(capacity);

  const slotOf = (mark: bigint) => {
    let at = Number(mark % BigInt(slots.length));
    for (; slots[at] !== EMPTY && marks[slots[at] as number] !== mark; ) at = (at + 1) % slots.length;
    return at;
  };
  const grow = () => {
    capacity *= 2;
    const grown = <T extends Uint32Array | Uint8Array | BigUint64Array>(old: T, made: T): T => {
      made.set(old as never);
      return made;
    };
    marks = grown(marks, new BigUint64Array(capacity));
    parents = grown(parents, new Uint32Array(capacity));
    ranks = grown(ranks, new Uint8Array(capacity));
    names = grown(names, new BigUint64Array(capacity));
    slots = new Uint32Array(capacity * 2).fill(EMPTY);
    for (let id = 0; id < count; id++) slots[slotOf(marks[id] as bigint)] = id;
  };
  const idOf = (key: GroupKey) => {
    const mark = markOf(key);
    let at = slotOf(mark);
    const known = slots[at] as number;
    if (known !== EMPTY) return known;
    if (count === capacity) {
      grow();
      at = slotOf(mark);
    }
    const id = count++;
    slots[at] = id;
    marks[id] = names[id] = mark;
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
    (ranks[a] === ranks[b] && (names[a] as bigint) < (names[b] as bigint));
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
      return first === undefined ? "" : (names[rootOf(idOf(first))] as bigint).toString(16).padStart(16, "0");
    },
  };
}

/** The name of the group of a row that no other row is linked to but by this value. */
export function nameOfKey(key: GroupKey): string {
  return markOf(key).toString(16).padStart(16, "0");
}

function markOf({ rank, value }: GroupKey): bigint {
  const digest = new Bun.CryptoHasher("sha256").update(`${rank}\n${value}`).digest();
  return Buffer.from(digest).readBigUInt64BE(0);
}
