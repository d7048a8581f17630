import { addRow, type RowSet } from "./row-set.ts";
import { MARKS } from "./tokens.ts";

/** The rows of the terms that stand in a run of rows. */
export interface Postings {
  /** Ascending. */
  terms: Int32Array;
  /** Those of `terms[i]` end before `ends[i]` and begin where those of the term before end. */
  ends: Int32Array;
  /** Ascending for each term. */
  rows: Int32Array;
}

/** Terms whose rows lie together, so that one is found without reading those of many others. */
export const BLOCK_TERMS = 64;

/**
 * A row of `index_postings`. With `key` >= 0 it holds lists of the terms of block `key`: for each of its terms the bytes
 * of its list (0: not here), then the lists. With `key` < 0 it is a list, or a piece of one, of the term `-1 - key`.
 * A list is its first row, then the differences from one row to the next; all numbers are of variable length, 7 bits a
 * byte, lowest first (LEB128). Each row of the table stands for itself: a term may have lists in several.
 */
export interface PostingsRow {
  key: number;
  bytes: Uint8Array;
}

/** The engine keeps longer values in blocks of their own, and copies them with every vector that it reads. */
const MAX_BYTES = 4000;
/** Of the lists of one row, behind a head of up to two bytes for each term. */
const MAX_LISTS_BYTES = MAX_BYTES - 2 * 64;
/** Lists that may be longer are apart from those of their block. */
const MAX_SHARED_BYTES = 1000;
/** Of a number of 31 bits. */
const MAX_VARINT = 5;

const MARK_COUNT = Object.keys(MARKS).length;
/** Numbers that a vocabulary takes beside those of its tokens: its marks, long lists most of them, have a block each. */
export const MARK_NUMBERS = MARK_COUNT * BLOCK_TERMS;

/** The number by which a term of a vocabulary is known that begins at `first`; its first terms are the marks. */
export function numberOf(first: number, term: number): number {
  return first + (term < MARK_COUNT ? term * BLOCK_TERMS : MARK_NUMBERS + term - MARK_COUNT);
}

/** Lays out a run of postings of a vocabulary that begins at `first`. Most terms are rare: nothing is made for each. */
export function* encodePostings(first: number, { terms, ends, rows }: Postings): Generator<PostingsRow> {
  const shared = createSharedRow();
  let start = 0;
  for (let at = 0; at < terms.length; at++) {
    const end = ends[at] as number;
    const number = numberOf(first, terms[at] as number);
    if ((end - start) * MAX_VARINT > MAX_SHARED_BYTES) {
      yield* encodeList(-1 - number, rows, start, end);
      start = end;
      continue;
    }
    const block = Math.floor(number / BLOCK_TERMS);
    if (shared.length > 0 && (shared.block !== block || shared.length > MAX_LISTS_BYTES - MAX_SHARED_BYTES)) {
      yield takeSharedRow(shared);
    }
    shared.block = block;
    const from = shared.length;
    shared.length = putList(shared.lists, from, rows, start, end);
    shared.sizes[number % BLOCK_TERMS] = shared.length - from;
    start = end;
  }
  if (shared.length > 0) yield takeSharedRow(shared);
}

/** Lists of one block on their way into a row. */
interface SharedRow {
  block: number;
  sizes: Int32Array;
  lists: Uint8Array;
  length: number;
  head: Uint8Array;
}

function createSharedRow(): SharedRow {
  return {
    block: -1,
    sizes: new Int32Array(BLOCK_TERMS),
    lists: new Uint8Array(MAX_LISTS_BYTES),
    length: 0,
    head: new Uint8Array(BLOCK_TERMS * MAX_VARINT),
  };
}

function takeSharedRow(shared: SharedRow): PostingsRow {
  const { head } = shared;
  let headLength = 0;
  for (const size of shared.sizes) headLength = putVarint(head, headLength, size);
  const bytes = new Uint8Array(headLength + shared.length);
  bytes.set(head.subarray(0, headLength));
  bytes.set(shared.lists.subarray(0, shared.length), headLength);
  shared.sizes.fill(0);
  shared.length = 0;
  return { key: shared.block, bytes };
}

/** The list of `rows[start..end)`, in pieces that are lists themselves. */
function* encodeList(key: number, rows: Int32Array, start: number, end: number): Generator<PostingsRow> {
  let from = start;
  while (from < end) {
    const bytes = new Uint8Array(MAX_BYTES);
    let length = 0;
    let before = 0;
    while (from < end && length <= MAX_BYTES - MAX_VARINT) {
      const row = rows[from++] as number;
      length = putVarint(bytes, length, row - before);
      before = row;
    }
    yield { key, bytes: bytes.subarray(0, length) };
  }
}

function putList(bytes: Uint8Array, at: number, rows: Int32Array, start: number, end: number): number {
  let position = at;
  let before = 0;
  for (let row = start; row < end; row++) {
    position = putVarint(bytes, position, (rows[row] as number) - before);
    before = rows[row] as number;
  }
  return position;
}

function putVarint(bytes: Uint8Array, at: number, value: number): number {
  let rest = value;
  let position = at;
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[position++] = rest;
  return position;
}

/** Adds the rows of some terms of a block, given by their positions in it, to a set; `bytes[start..end)` is the row's. */
export function addShared(
  bytes: Uint8Array,
  start: number,
  positions: readonly number[],
  into: RowSet,
): void {
  let at = start;
  const ends = new Int32Array(BLOCK_TERMS + 1);
  for (let term = 0; term < BLOCK_TERMS; term++) {
    let size = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at++] as number;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    ends[term + 1] = (ends[term] as number) + size;
  }
  for (const position of positions) {
    addList(bytes, at + (ends[position] as number), at + (ends[position + 1] as number), into);
  }
}

/** Adds the rows of a list, `bytes[start..end)`, to a set. */
export function addList(bytes: Uint8Array, start: number, end: number, into: RowSet): void {
  let at = start;
  let row = 0;
  while (at < end) {
    let step = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at++] as number;
      step |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    row += step;
    addRow(into, row);
  }
}
