/** A set of rows, a bit for each: what two hundred million rows take is 25 MB. */
export type RowSet = Uint32Array;

export function createRowSet(rowCount: number): RowSet {
  return new Uint32Array((rowCount + 31) >>> 5);
}

/** Adds all of `other`. */
export function unite(into: RowSet, other: RowSet): void {
  for (let word = 0; word < into.length; word++)
    into[word] = (into[word] as number) | (other[word] as number);
}

/** Keeps what `other` has too. */
export function intersect(into: RowSet, other: RowSet): void {
  for (let word = 0; word < into.length; word++)
    into[word] = (into[word] as number) & (other[word] as number);
}

/** Takes out what `other` has. */
export function subtract(from: RowSet, other: RowSet): void {
  for (let word = 0; word < from.length; word++)
    from[word] = (from[word] as number) & ~(other[word] as number);
}

/** The rows of a set in `start..end` (exclusive), ascending. */
export function* rowsWithin(set: RowSet, start: number, end: number): Generator<number> {
  for (let word = start >>> 5; word << 5 < end; word++) {
    let bits = set[word] as number;
    while (bits !== 0) {
      const bit = 31 - Math.clz32(bits & -bits);
      bits &= bits - 1;
      const row = (word << 5) + bit;
      if (row >= start && row < end) yield row;
    }
  }
}

/**
 * `count` rows of a set in `start..end` (exclusive) behind the first `skip`, ascending; what is skipped is not visited one
 * by one.
 */
export function sliceRows(set: RowSet, start: number, end: number, skip: number, count: number): number[] {
  const slice: number[] = [];
  let left = skip;
  for (let word = start >>> 5; word << 5 < end && slice.length < count; word++) {
    let bits = (set[word] as number) & maskOf(word, start, end);
    const held = countBits(bits);
    if (held <= left) {
      left -= held;
      continue;
    }
    for (; bits !== 0 && slice.length < count; bits &= bits - 1) {
      if (left-- > 0) continue;
      slice.push((word << 5) + 31 - Math.clz32(bits & -bits));
    }
    left = 0;
  }
  return slice;
}

export function addRow(into: RowSet, row: number): void {
  into[row >>> 5] = (into[row >>> 5] as number) | (1 << (row & 31));
}

/** The bits of a word that stand for rows in `start..end` (exclusive). */
function maskOf(word: number, start: number, end: number): number {
  const first = word << 5;
  const low = start > first ? -1 << (start - first) : -1;
  const high = end < first + 32 ? ~(-1 << (end - first)) : -1;
  return low & high;
}

/** Rows of a set in `start..end` (exclusive). */
export function countWithin(set: RowSet, start: number, end: number): number {
  let count = 0;
  for (let word = start >>> 5; word << 5 < end; word++) {
    count += countBits((set[word] as number) & maskOf(word, start, end));
  }
  return count;
}

export function hasRow(set: RowSet, row: number): boolean {
  return ((set[row >>> 5] as number) & (1 << (row & 31))) !== 0;
}

export function countRows(set: RowSet): number {
  return countWithin(set, 0, set.length * 32);
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
