import { decodedStrings, ONLY_ESCAPED } from "../../schema/escaped-text.ts";
import { MARKS, MAX_NUMBER_DIGITS, MAX_TOKEN_BYTES, type Mark, TOKEN_BYTES } from "./tokens.ts";
import { entryOf, LAST_ROW, TERM, type Vocabulary } from "./vocabulary.ts";

/** Texts of some rows of one column, in Unicode form NFC. */
export interface TextBatch {
  /** UTF-8, with at least 12 bytes of room behind the last text. */
  bytes: Uint8Array;
  /** Row `i` is `bytes[offsets[i]..offsets[i + 1])`. */
  offsets: Int32Array;
  /** What the rows are known by, ascending over all batches. */
  rows: Int32Array;
  /** Each is several texts with a space between them, of a list. */
  isJoined?: boolean;
}

/** Room that a batch needs behind its texts. */
export const TEXT_MARGIN = 12;

/** Which terms stand in which rows, in the order of rows; each term once a row. */
export interface Occurrences {
  terms: Int32Array;
  rows: Int32Array;
  length: number;
}

/** A row has at most one term for each second byte, and one for each mark; those of decoded strings as far as there is room. */
export function maxOccurrences(rowBytes: number): number {
  return (rowBytes >> 1) + 1 + Object.keys(MARKS).length;
}

/** The marks are the first terms of every vocabulary. */
const MARK_NAMES = Object.keys(MARKS) as Mark[];
const MARK_TERMS = [
  MARK_NAMES.indexOf("long"),
  MARK_NAMES.indexOf("number"),
  MARK_NAMES.indexOf("escape"),
] as const;

const LOWER_U = 0x75;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const NINE = 0x39;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/**
 * Adds the terms of rows of a batch, from row `from` on, as far as there is room; gives the first row that had none.
 * One loop over the bytes: it is most of what an index costs.
 */
export function addRows(into: Occurrences, vocabulary: Vocabulary, batch: TextBatch, from: number): number {
  const { bytes, offsets, rows } = batch;
  const { terms, rows: rowsOut } = into;
  const source = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
  const isToken = TOKEN_BYTES;
  const [longTerm, numberTerm, escapeTerm] = MARK_TERMS;
  let length = into.length;
  for (let at = from; at < rows.length; at++) {
    const row = rows[at] as number;
    let position = offsets[at] as number;
    const end = offsets[at + 1] as number;
    if (length + maxOccurrences(end - position) > terms.length) {
      into.length = length;
      return at;
    }
    const isJson = bytes[position] === BRACE || bytes[position] === BRACKET;
    let outside = isJson; // of the strings of a JSON document
    let escapes = false;
    let isAscii = false; // JSON whose letters are written as \uXXXX
    let numbers = false;
    let tooLong = false;
    while (position < end) {
      const byte = bytes[position] as number;
      if (isToken[byte] === 0) {
        if (byte === QUOTE) outside = isJson && !outside;
        else if (byte === BACKSLASH) {
          escapes = true;
          isAscii ||= bytes[position + 1] === LOWER_U;
          if (bytes[position + 1] === QUOTE || bytes[position + 1] === BACKSLASH) position++;
        }
        position++;
        continue;
      }
      const start = position;
      if (outside) {
        while (position < end && (bytes[position] as number) <= NINE && (bytes[position] as number) >= ZERO)
          position++;
        const isNumber = position === end || isToken[bytes[position] as number] === 0;
        if (isNumber && position - start <= MAX_NUMBER_DIGITS) {
          numbers = true;
          continue;
        }
      }
      while (position < end && isToken[bytes[position] as number] === 1) position++;
      if (position - start > MAX_TOKEN_BYTES) {
        tooLong = true;
        continue;
      }
      const entry = entryOf(vocabulary, source, start, position);
      const { entries } = vocabulary;
      if (entries[entry + LAST_ROW] === row) continue;
      entries[entry + LAST_ROW] = row;
      terms[length] = (entries[entry + TERM] as number) - 1;
      rowsOut[length++] = row;
    }
    if (isAscii) {
      into.length = length;
      const start = offsets[at] as number;
      const added = batch.isJoined ? NOTHING : addDecoded(into, vocabulary, bytes.subarray(start, end), row);
      length = into.length;
      tooLong ||= !added.isWhole;
      escapes = !added.isWhole || added.mustEscape;
    }
    if (tooLong) {
      terms[length] = longTerm;
      rowsOut[length++] = row;
    }
    if (numbers) {
      terms[length] = numberTerm;
      rowsOut[length++] = row;
    }
    if (escapes) {
      terms[length] = escapeTerm;
      rowsOut[length++] = row;
    }
  }
  into.length = length;
  return rows.length;
}

/** As they are stored: a mark of byte order at the start is part of a text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

interface Decoded {
  /** All strings have their terms; else the text must be read. */
  isWhole: boolean;
  /** A string holds what JSON writes behind a backslash only, and for which no term stands. */
  mustEscape: boolean;
}

const NOTHING: Decoded = { isWhole: false, mustEscape: true };

/** Adds the terms of the strings of a text that holds JSON written in ASCII. */
function addDecoded(into: Occurrences, vocabulary: Vocabulary, text: Uint8Array, row: number): Decoded {
  const { terms, rows } = into;
  const room = terms.length - Object.keys(MARKS).length;
  let isWhole = true;
  let mustEscape = false;
  for (const string of decodedStrings(decoder.decode(text))) {
    if (string === undefined) {
      isWhole = false;
      continue;
    }
    mustEscape ||= ONLY_ESCAPED.test(string);
    const composed = string.normalize("NFC");
    const bytes = new Uint8Array(composed.length * 3 + TEXT_MARGIN);
    const end = encoder.encodeInto(composed, bytes).written;
    const source = { bytes, view: new DataView(bytes.buffer) };
    for (let position = 0; position < end; position++) {
      const start = position;
      while (position < end && TOKEN_BYTES[bytes[position] as number] === 1) position++;
      if (position === start) continue;
      if (position - start > MAX_TOKEN_BYTES || into.length >= room) {
        isWhole = false;
        continue;
      }
      const entry = entryOf(vocabulary, source, start, position);
      const { entries } = vocabulary;
      if (entries[entry + LAST_ROW] === row) continue;
      entries[entry + LAST_ROW] = row;
      terms[into.length] = (entries[entry + TERM] as number) - 1;
      rows[into.length++] = row;
    }
  }
  return { isWhole, mustEscape };
}
