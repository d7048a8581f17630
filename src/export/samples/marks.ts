const EMPTY = 0xffff_ffff;

/** Numbers for texts, from 0 in the order in which they first came. */
export interface Marks {
  /** The number of a mark; a new one gets the next. */
  idOf(mark: bigint): number;
  markOf(id: number): bigint;
  count(): number;
}

/** 64 bits of a text's SHA-256, which stand for it: among millions of texts no two share them. */
export function markText(text: string): bigint {
  const digest = new Bun.CryptoHasher("sha256").update(text).digest();
  return Buffer.from(digest).readBigUInt64BE(0);
}

/** The first 64 bits of a digest in hex. */
export function markDigest(digest: string): bigint {
  return BigInt(`0x${digest.slice(0, 16)}`);
}

/** Open addressing in typed arrays: 16 bytes a mark and room to grow, where a Map of texts would take hundreds. */
export function createMarks(): Marks {
  let capacity = 1 << 12;
  let count = 0;
  let slots = new Uint32Array(capacity * 2).fill(EMPTY);
  let marks = new BigUint64Array(capacity);
  const slotOf = (mark: bigint) => {
    let at = Number(mark % BigInt(slots.length));
    while (slots[at] !== EMPTY && marks[slots[at] as number] !== mark) at = (at + 1) % slots.length;
    return at;
  };
  const grow = () => {
    capacity *= 2;
    const old = marks;
    marks = new BigUint64Array(capacity);
    marks.set(old);
    slots = new Uint32Array(capacity * 2).fill(EMPTY);
    for (let id = 0; id < count; id++) slots[slotOf(marks[id] as bigint)] = id;
  };
  return {
    idOf: (mark) => {
      const at = slotOf(mark);
      const known = slots[at] as number;
      if (known !== EMPTY) return known;
      if (count === capacity) grow();
      const id = count++;
      slots[slotOf(mark)] = id;
      marks[id] = mark;
      return id;
    },
    markOf: (id) => marks[id] as bigint,
    count: () => count,
  };
}
