import { type Counter, MAX_COUNTER_DIGITS, textAt } from "./counters.ts";
import { TEXT_MARGIN, type TextBatch } from "./tokenize.ts";

/** Longer texts are no names, and are not compared with what a counter would make of them. */
const MAX_TEXT_BYTES = 1000;

const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const BRACKET = 0x5b;
const BRACE = 0x7b;

/** A counter on its way, with the text that goes on with it. */
interface OpenCounter {
  row: number;
  count: number;
  number: number;
  width: number;
  before: Uint8Array;
  after: Uint8Array;
  /** The text of the next row, and where its digits are. */
  next: Uint8Array;
  length: number;
  digitsStart: number;
  digitsEnd: number;
}

/** Takes counters out of the batches of a column. */
export interface CounterFinder {
  /** The rest of the rows that are known by then, ascending. */
  take(batch: TextBatch): TextBatch[];
  finish(): TextBatch[];
}

/**
 * Finds counters of at least `minRows` rows, without holding what the others are made of. No text in a list, none with a
 * backslash, and no object or array of JSON is of a counter: of the others a text that is found is where it is searched.
 */
export function createCounterFinder(minRows: number, onCounter: (counter: Counter) => void): CounterFinder {
  let open: OpenCounter | undefined;
  const close = (): TextBatch[] => {
    if (open === undefined) return [];
    const counter = closed(open);
    open = undefined;
    if (counter.count < minRows) return [textsOf(counter)];
    onCounter(counter);
    return [];
  };
  return {
    take: (batch) => {
      if (batch.isJoined) return [...close(), batch];
      const end = batch.rows.length;
      const rest: TextBatch[] = [];
      let at = open === undefined ? 0 : extend(open, batch, 0);
      if (open !== undefined && at === end) return rest;
      rest.push(...close());
      let from = at; // these and those behind are of no counter, as far as is known
      const passOn = (until: number) => {
        if (until > from) rest.push(slice(batch, from, until));
      };
      while (at < end) {
        const counter = startCounter(batch, at);
        const counterEnd = counter === undefined ? at : extend(counter, batch, at);
        if (counter === undefined || counter.count < 2) {
          at++;
        } else if (counterEnd === end || counter.count >= minRows) {
          passOn(at);
          open = counter;
          from = at = counterEnd;
          if (counterEnd < end) close();
        } else {
          at = counterEnd - 1; // it may begin another
        }
      }
      passOn(end);
      return rest;
    },
    finish: close,
  };
}

function slice({ bytes, offsets, rows }: TextBatch, start: number, end: number): TextBatch {
  return { bytes, offsets: offsets.subarray(start, end + 1), rows: rows.subarray(start, end) };
}

/** A counter that begins with this row and may go on with the next; holds neither of them yet. */
function startCounter({ bytes, offsets, rows }: TextBatch, at: number): OpenCounter | undefined {
  if (at + 1 >= rows.length || rows[at + 1] !== (rows[at] as number) + 1) return undefined;
  const [start, end, nextEnd] = [offsets[at] as number, offsets[at + 1] as number, offsets[at + 2] as number];
  const longer = nextEnd - end - (end - start);
  if ((longer !== 0 && longer !== 1) || end - start > MAX_TEXT_BYTES) return undefined;
  let differs = start;
  while (differs < end && bytes[differs] === bytes[end + differs - start]) differs++;
  let [digitsStart, digitsEnd] = [differs, differs];
  while (digitsStart > start && isDigit(bytes[digitsStart - 1])) digitsStart--;
  while (digitsEnd < end && isDigit(bytes[digitsEnd])) digitsEnd++;
  if (digitsStart === digitsEnd || digitsEnd - digitsStart > MAX_COUNTER_DIGITS) return undefined;
  const last = bytes[digitsEnd - 1] as number;
  if (bytes[end + digitsEnd - 1 - start + longer] !== (last === NINE ? ZERO : last + 1)) return undefined;
  if (bytes[start] === BRACE || bytes[start] === BRACKET) return undefined;
  const text = bytes.subarray(start, end);
  if (text.includes(BACKSLASH)) return undefined;
  let number = 0;
  for (let digit = digitsStart; digit < digitsEnd; digit++)
    number = number * 10 + (bytes[digit] as number) - ZERO;
  const next = new Uint8Array(text.length + MAX_COUNTER_DIGITS + 1);
  next.set(text);
  return {
    row: rows[at] as number,
    count: 0,
    number,
    width: digitsEnd - digitsStart,
    before: text.slice(0, digitsStart - start),
    after: text.slice(digitsEnd - start),
    next,
    length: text.length,
    digitsStart: digitsStart - start,
    digitsEnd: digitsEnd - start,
  };
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

/** Adds the rows from this one on that go on with a counter; gives the first that does not. */
function extend(counter: OpenCounter, { bytes, offsets, rows }: TextBatch, from: number): number {
  const { next } = counter;
  for (let at = from; at < rows.length; at++) {
    const start = offsets[at] as number;
    const length = (offsets[at + 1] as number) - start;
    if (length !== counter.length || rows[at] !== counter.row + counter.count) return at;
    if (counter.digitsEnd - counter.digitsStart > MAX_COUNTER_DIGITS) return at;
    // From the end: that is where others differ.
    let position = length - 1;
    while (position >= 0 && bytes[start + position] === next[position]) position--;
    if (position >= 0) return at;
    counter.count++;
    countUp(counter);
  }
  return rows.length;
}

function countUp(counter: OpenCounter): void {
  const { next, digitsStart } = counter;
  let at = counter.digitsEnd - 1;
  while (at >= digitsStart && next[at] === NINE) next[at--] = ZERO;
  if (at >= digitsStart) {
    next[at] = (next[at] as number) + 1;
    return;
  }
  next.copyWithin(digitsStart + 1, digitsStart, counter.length++);
  next[digitsStart] = ZERO + 1;
  counter.digitsEnd++;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

function closed({ row, count, number, width, before, after }: OpenCounter): Counter {
  return { row, count, before: decoder.decode(before), after: decoder.decode(after), number, width };
}

/** The texts of a counter that is too short for one. */
function textsOf(counter: Counter): TextBatch {
  const texts = Array.from({ length: counter.count }, (_, at) => encoder.encode(textAt(counter, at)));
  const bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + length, 0) + TEXT_MARGIN);
  const offsets = new Int32Array(texts.length + 1);
  for (const [at, text] of texts.entries()) {
    bytes.set(text, offsets[at]);
    offsets[at + 1] = (offsets[at] as number) + text.length;
  }
  return { bytes, offsets, rows: Int32Array.from(texts, (_, at) => counter.row + at) };
}
