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
 * A list is its first row, then the differences from one row to the next; 0 and a count stand for so many rows that follow
 * each other. All numbers are of variable length, 7 bits a byte, lowest first (LEB128). The first row of a list in a block
 * is the difference from that of the list before, as a number without sign (zigzag): terms are numbered as they come, so
 * rare ones have neighbours in neighbouring rows. Each row of the table stands for itself: a term may have lists in several.
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
/** Of a number of 32 bits. */
const MAX_VARINT = 5;
/** Of a 0 and a count. */
const MAX_STEP = 1 + MAX_VARINT;
/** Fewer rows that follow each other take no more as differences. */
const MIN_RUN = 3;

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
    const row = rows[start] as number;
    shared.length = putVarint(shared.bytes, from, zigzag(row - shared.before));
    shared.before = row;
    shared.next = start + 1;
    putSteps(shared, rows, end);
    shared.sizes[number % BLOCK_TERMS] = shared.length - from;
    start = end;
  }
  if (shared.length > 0) yield takeSharedRow(shared);
}

/** Where a list is put. */
interface Target {
  bytes: Uint8Array;
  length: number;
  /** The first of the rows that are not put yet. */
  next: number;
}

/** Lists of one block on their way into a row. */
interface SharedRow extends Target {
  block: number;
  sizes: Int32Array;
  /** First row of the list before. */
  before: number;
  head: Uint8Array;
}

function createSharedRow(): SharedRow {
  return {
    block: -1,
    sizes: new Int32Array(BLOCK_TERMS),
    bytes: new Uint8Array(MAX_LISTS_BYTES + MAX_STEP),
    length: 0,
    next: 0,
    before: 0,
    head: new Uint8Array(BLOCK_TERMS * MAX_VARINT),
  };
}

function takeSharedRow(shared: SharedRow): PostingsRow {
  const { head } = shared;
  let headLength = 0;
  for (const size of shared.sizes) headLength = putVarint(head, headLength, size);
  const bytes = new Uint8Array(headLength + shared.length);
  bytes.set(head.subarray(0, headLength));
  bytes.set(shared.bytes.subarray(0, shared.length), headLength);
  shared.sizes.fill(0);
  shared.length = 0;
  shared.before = 0;
  return { key: shared.block, bytes };
}

/** The list of `rows[start..end)`, in pieces that are lists themselves. */
function* encodeList(key: number, rows: Int32Array, start: number, end: number): Generator<PostingsRow> {
  let next = start;
  while (next < end) {
    const bytes = new Uint8Array(MAX_BYTES);
    const piece = { bytes, length: putVarint(bytes, 0, rows[next] as number), next: next + 1 };
    putSteps(piece, rows, end);
    yield { key, bytes: bytes.subarray(0, piece.length) };
    next = piece.next;
  }
}

/** Puts rows before `end` behind the last one that was put, as far as there is room. */
function putSteps(target: Target, rows: Int32Array, end: number): void {
  const { bytes } = target;
  const limit = bytes.length - MAX_STEP;
  let { length, next } = target;
  while (next < end && length <= limit) {
    let runEnd = next;
    while (runEnd < end && rows[runEnd] === (rows[runEnd - 1] as number) + 1) runEnd++;
    if (runEnd - next >= MIN_RUN) {
      bytes[length++] = 0;
      length = putVarint(bytes, length, runEnd - next);
      next = runEnd;
    } else {
      length = putVarint(bytes, length, (rows[next] as number) - (rows[next - 1] as number));
      next++;
    }
  }
  target.length = length;
  target.next = next;
}

/** A number with sign, of 32 bits, so that small ones stay small: 0, -1, 1, -2... are 0, 1, 2, 3... */
function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0;
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

/** Adds the rows of some terms of a block, given by their positions in it, to a set; `bytes[start..)` is the row's. */
export function addShared(
  bytes: Uint8Array,
  start: number,
  positions: readonly number[],
  into: RowSet,
): void {
  const sizes = new Int32Array(BLOCK_TERMS);
  const source = { bytes, at: start };
  for (let term = 0; term < BLOCK_TERMS; term++) sizes[term] = takeVarint(source);
  const last = Math.max(...positions);
  let first = 0;
  for (let term = 0, end = source.at; term <= last; term++) {
    source.at = end;
    end += sizes[term] as number;
    if (end === source.at) continue;
    const step = takeVarint(source);
    first += (step >>> 1) ^ -(step & 1);
    if (positions.includes(term)) addFrom(source, end, first, into);
  }
}

/** Adds the rows of a list, `bytes[start..end)`, to a set. */
export function addList(bytes: Uint8Array, start: number, end: number, into: RowSet): void {
  const source = { bytes, at: start };
  addFrom(source, end, takeVarint(source), into);
}

interface Source {
  bytes: Uint8Array;
  at: number;
}

/** Adds the first row of a list and those that its bytes up to `end` tell. */
function addFrom(source: Source, end: number, first: number, into: RowSet): void {
  let row = first;
  addRow(into, row);
  while (source.at < end) {
    const step = takeVarint(source);
    if (step > 0) {
      row += step;
      addRow(into, row);
      continue;
    }
    for (const runEnd = row + takeVarint(source); row < runEnd; ) addRow(into, ++row);
  }
}

function takeVarint(source: Source): number {
  const { bytes } = source;
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[source.at++] as number;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}
