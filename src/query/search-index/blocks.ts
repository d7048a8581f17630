import type { Postings } from "./postings.ts";
import type { RowSet } from "./row-set.ts";

/** Terms whose rows lie together: one is found without reading those of many others. */
export const BLOCK_TERMS = 64;

/** The rows of the terms of one block, as far as they stand in one run. */
export interface PostingsBlock {
  /** Terms `block * BLOCK_TERMS` to the next. */
  block: number;
  /**
   * For each term the bytes of its list, then the lists: the first row, then the differences from one to the next. All
   * numbers are variable-length, 7 bits a byte, lowest first (LEB128).
   */
  bytes: Uint8Array;
}

/** Lays out a run of postings, whose terms are numbered from `first`, as blocks. */
export function* encodeBlocks(first: number, { terms, ends, rows }: Postings): Generator<PostingsBlock> {
  let at = 0;
  let start = 0;
  while (at < terms.length) {
    const block = Math.floor((first + (terms[at] as number)) / BLOCK_TERMS);
    let last = at;
    while (last < terms.length && Math.floor((first + (terms[last] as number)) / BLOCK_TERMS) === block)
      last++;
    const rowCount = (ends[last - 1] as number) - start;
    const lists = new Uint8Array(rowCount * MAX_VARINT);
    const sizes = new Int32Array(BLOCK_TERMS);
    let position = 0;
    for (; at < last; at++) {
      const end = ends[at] as number;
      const from = position;
      let before = 0;
      for (; start < end; start++) {
        const row = rows[start] as number;
        position = putVarint(lists, position, row - before);
        before = row;
      }
      sizes[(first + (terms[at] as number)) % BLOCK_TERMS] = position - from;
    }
    const head = new Uint8Array(BLOCK_TERMS * MAX_VARINT);
    let headLength = 0;
    for (const size of sizes) headLength = putVarint(head, headLength, size);
    const bytes = new Uint8Array(headLength + position);
    bytes.set(head.subarray(0, headLength));
    bytes.set(lists.subarray(0, position), headLength);
    yield { block, bytes };
  }
}

/** Adds the rows of some terms of a block, given by their positions in it, to a set. */
export function decodeRows(bytes: Uint8Array, positions: readonly number[], into: RowSet): void {
  const starts = new Int32Array(BLOCK_TERMS + 1);
  let at = 0;
  for (let term = 0; term < BLOCK_TERMS; term++) {
    let size = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at++] as number;
      size |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
      shift += 7;
    }
    starts[term + 1] = (starts[term] as number) + size;
  }
  for (const position of positions) {
    const end = at + (starts[position + 1] as number);
    let from = at + (starts[position] as number);
    let row = 0;
    while (from < end) {
      let step = 0;
      let shift = 0;
      for (;;) {
        const byte = bytes[from++] as number;
        step |= (byte & 0x7f) << shift;
        if (byte < 0x80) break;
        shift += 7;
      }
      row += step;
      into[row >>> 5] = (into[row >>> 5] as number) | (1 << (row & 31));
    }
  }
}

/** Of a number of 31 bits. */
const MAX_VARINT = 5;

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
