/**
 * A set of rows, a bit for each: what two hundred million rows take is 25 MB. Most searches find few of them, so the parts
 * that hold any are marked, and only these are looked at.
 */
export interface RowSet {
  readonly words: Uint32Array;
  /** For each `PART_WORDS` words whether any row is there. */
  readonly parts: Uint8Array;
}

/** Words of a part: 8,192 rows. */
const PART_WORDS = 256;
const PART_SHIFT = 8;

export function createRowSet(rowCount: number): RowSet {
  const size = (rowCount + 31) >>> 5;
  return { words: new Uint32Array(size), parts: new Uint8Array(Math.ceil(size / PART_WORDS)) };
}

export function addRow(into: RowSet, row: number): void {
  const word = row >>> 5;
  into.words[word] = (into.words[word] as number) | (1 << (row & 31));
  into.parts[word >>> PART_SHIFT] = 1;
}

/** Adds `start..end` (exclusive). */
export function addRows(into: RowSet, start: number, end: number): void {
  for (let row = start; row < end; ) {
    if ((row & 31) === 0 && row + 32 <= end) {
      into.words[row >>> 5] = 0xffffffff;
      into.parts[row >>> (PART_SHIFT + 5)] = 1;
      row += 32;
    } else addRow(into, row++);
  }
}

/** Adds all of `other`. */
export function unite(into: RowSet, other: RowSet): void {
  changeWords(into, other, (mine, its) => mine | its);
  for (let part = 0; part < into.parts.length; part++) if (other.parts[part] === 1) into.parts[part] = 1;
}

/** Keeps what `other` has too. */
export function intersect(into: RowSet, other: RowSet): void {
  changeWords(into, into, (mine, _, word) => mine & (other.words[word] as number));
}

/** Takes out what `other` has. */
export function subtract(from: RowSet, other: RowSet): void {
  changeWords(from, other, (mine, its) => mine & ~its);
}

/** Changes the words of those parts in which `other` has rows. */
function changeWords(
  into: RowSet,
  other: RowSet,
  change: (mine: number, its: number, word: number) => number,
): void {
  for (let part = 0; part < other.parts.length; part++) {
    if (other.parts[part] === 0) continue;
    const end = Math.min((part + 1) * PART_WORDS, into.words.length);
    for (let word = part * PART_WORDS; word < end; word++) {
      into.words[word] = change(into.words[word] as number, other.words[word] as number, word);
    }
  }
}

/** The rows of a set in `start..end` (exclusive), ascending. */
export function* rowsWithin(set: RowSet, start: number, end: number): Generator<number> {
  for (let word = nextWord(set, start >>> 5); word * 32 < end; word = nextWord(set, word + 1)) {
    let bits = set.words[word] as number;
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
  for (
    let word = nextWord(set, start >>> 5);
    word * 32 < end && slice.length < count;
    word = nextWord(set, word + 1)
  ) {
    let bits = (set.words[word] as number) & maskOf(word, start, end);
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

export function hasRow({ words }: RowSet, row: number): boolean {
  return ((words[row >>> 5] as number) & (1 << (row & 31))) !== 0;
}

/** Rows of a set in `start..end` (exclusive). */
export function countWithin(set: RowSet, start: number, end: number): number {
  let count = 0;
  for (let word = nextWord(set, start >>> 5); word * 32 < end; word = nextWord(set, word + 1)) {
    count += countBits((set.words[word] as number) & maskOf(word, start, end));
  }
  return count;
}

export function countRows(set: RowSet): number {
  return countWithin(set, 0, set.words.length * 32);
}

/** This word, or where its part is empty the first of the next that is not; the end where there is none. */
function nextWord({ words, parts }: RowSet, word: number): number {
  const part = word >>> PART_SHIFT;
  if (parts[part] === 1) return word;
  const next = parts.indexOf(1, part);
  return next < 0 ? words.length : next << PART_SHIFT;
}

/** The bits of a word that stand for rows in `start..end` (exclusive). */
function maskOf(word: number, start: number, end: number): number {
  const first = word << 5;
  const low = start > first ? -1 << (start - first) : -1;
  const high = end < first + 32 ? ~(-1 << (end - first)) : -1;
  return low & high;
}

function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
