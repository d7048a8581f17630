/**
 * The distinct tokens of one column, numbered from 0 as they come: a hash table with open addressing. Its entries are
 * 32 bytes, half a cache line, and hold a short token whole, so that meeting a known one costs one access to memory.
 */
export interface Vocabulary {
  /** Number of terms. */
  size: number;
  /** `ENTRY` numbers for each: see the constants below. */
  entries: Int32Array;
  /** The tokens, one behind the other. */
  bytes: Uint8Array;
  /** Where term `i` begins in `bytes`; it ends where the next begins. */
  starts: Int32Array;
}

const ENTRY = 8;
const HASH = 0;
const LENGTH = 1;
/** Three numbers: the first 12 bytes, little-endian, zeros behind the end. */
const WORDS = 2;
/** Position of the first byte in `bytes`. */
const START = 5;
/** The row in which the term was last met. */
export const LAST_ROW = 6;
/** The term's number + 1; 0 in an empty entry. */
export const TERM = 7;

/** Bytes that an entry holds of a token. */
const INLINE = 12;
/** What of each word belongs to a token of so many bytes. */
const MASKS = Array.from({ length: 3 }, (_, word) =>
  Int32Array.from({ length: INLINE + 1 }, (_, length) => {
    const bytes = Math.min(4, Math.max(0, length - word * 4));
    return bytes === 4 ? -1 : (1 << (8 * bytes)) - 1;
  }),
);
const [MASK_0, MASK_1, MASK_2] = MASKS as [Int32Array, Int32Array, Int32Array];

export function createVocabulary(): Vocabulary {
  return {
    size: 0,
    entries: new Int32Array(ENTRY * 4096),
    bytes: new Uint8Array(1 << 14),
    starts: new Int32Array(1025),
  };
}

/** Text whose tokens are looked up: `view` is on `bytes`, with at least 12 bytes behind the last token. */
export interface TokenSource {
  bytes: Uint8Array;
  view: DataView;
}

/**
 * The position in `entries` of the entry of a token, `bytes[start..end)`; a new token gets one, for which all entries
 * may move: `entries` is another array then.
 */
export function entryOf(vocabulary: Vocabulary, source: TokenSource, start: number, end: number): number {
  const { view } = source;
  const length = end - start;
  const short = Math.min(length, INLINE);
  const word0 = view.getInt32(start, true) & (MASK_0[short] as number);
  const word1 = view.getInt32(start + 4, true) & (MASK_1[short] as number);
  const word2 = view.getInt32(start + 8, true) & (MASK_2[short] as number);
  let hash = Math.imul(word0, 0x9e3779b1) ^ Math.imul(word1, 0x85ebca77) ^ Math.imul(word2, 0xc2b2ae3d);
  for (let at = start + INLINE; at < end; at++)
    hash = Math.imul(hash ^ (source.bytes[at] as number), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ length;
  hash ^= hash >>> 13;
  const { entries } = vocabulary;
  const last = entries.length - ENTRY;
  let at = Math.imul(hash, ENTRY) & last;
  for (;;) {
    if (entries[at + TERM] === 0) break;
    if (
      entries[at + HASH] === hash &&
      entries[at + WORDS] === word0 &&
      entries[at + WORDS + 1] === word1 &&
      entries[at + WORDS + 2] === word2 &&
      entries[at + LENGTH] === length &&
      (length <= INLINE || hasRest(vocabulary, entries[at + START] as number, source.bytes, start, end))
    ) {
      return at;
    }
    at = (at + ENTRY) & last;
  }
  if (vocabulary.size * 2 * ENTRY >= entries.length) {
    enlarge(vocabulary);
    return entryOf(vocabulary, source, start, end);
  }
  entries[at + HASH] = hash;
  entries[at + LENGTH] = length;
  entries[at + WORDS] = word0;
  entries[at + WORDS + 1] = word1;
  entries[at + WORDS + 2] = word2;
  entries[at + LAST_ROW] = -1;
  entries[at + TERM] = vocabulary.size + 1;
  entries[at + START] = keepBytes(vocabulary, source.bytes, start, end);
  vocabulary.size++;
  return at;
}

function enlarge(vocabulary: Vocabulary): void {
  const old = vocabulary.entries;
  const entries = new Int32Array(old.length * 4);
  const last = entries.length - ENTRY;
  for (let from = 0; from < old.length; from += ENTRY) {
    if (old[from + TERM] === 0) continue;
    let at = Math.imul(old[from + HASH] as number, ENTRY) & last;
    while (entries[at + TERM] !== 0) at = (at + ENTRY) & last;
    for (let field = 0; field < ENTRY; field++) entries[at + field] = old[from + field] as number;
  }
  vocabulary.entries = entries;
}

/** The entry of a token given as text. */
export function entryOfText(vocabulary: Vocabulary, token: string): number {
  const text = new TextEncoder().encode(token);
  const bytes = new Uint8Array(text.length + INLINE);
  bytes.set(text);
  return entryOf(vocabulary, { bytes, view: new DataView(bytes.buffer) }, 0, text.length);
}

/** The bytes of a term, UTF-8; valid until the next is added. */
export function bytesOf({ bytes, starts }: Vocabulary, term: number): Uint8Array {
  return bytes.subarray(starts[term], starts[term + 1]);
}

/** Whether a token goes on, behind what the entry holds, as the one that is known. */
function hasRest({ bytes }: Vocabulary, from: number, text: Uint8Array, start: number, end: number): boolean {
  for (let at = start + INLINE; at < end; at++) if (bytes[from + at - start] !== text[at]) return false;
  return true;
}

function keepBytes(vocabulary: Vocabulary, text: Uint8Array, start: number, end: number): number {
  const { size } = vocabulary;
  const from = vocabulary.starts[size] as number;
  const to = from + end - start;
  if (to > vocabulary.bytes.length) vocabulary.bytes = grown(vocabulary.bytes);
  if (size + 1 === vocabulary.starts.length) vocabulary.starts = grown(vocabulary.starts);
  for (let at = start; at < end; at++) vocabulary.bytes[from + at - start] = text[at] as number;
  vocabulary.starts[size + 1] = to;
  return from;
}

function grown<A extends Uint8Array | Int32Array>(array: A): A {
  const larger = new (array.constructor as new (length: number) => A)(array.length * 2);
  larger.set(array);
  return larger;
}
