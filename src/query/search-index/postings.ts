import { BLOCK_TERMS, MARK_NUMBERS, type Postings } from "./blocks.ts";
import { type Counter, MIN_COUNTER_ROWS } from "./counters.ts";
import { createCounterFinder } from "./find-counters.ts";
import { addRows, maxOccurrences, type Occurrences, type TextBatch } from "./tokenize.ts";
import { MARKS } from "./tokens.ts";
import { createVocabulary, entryOfText, type Vocabulary } from "./vocabulary.ts";

/** What bounds the memory of an index on its way. */
export interface PostingsLimits {
  /** Occurrences that are sorted at once: 16 bytes each. */
  maxOccurrences: number;
  /** Terms after which a new vocabulary begins, in which all have other numbers. */
  maxTerms: number;
  /** Rows of a counter at least. */
  minCounterRows: number;
}

/** So many terms are as many as 128 MB of entries hold. */
const LIMITS: PostingsLimits = {
  maxOccurrences: 8_000_000,
  maxTerms: 1_900_000,
  minCounterRows: MIN_COUNTER_ROWS,
};

/** Where finished parts of an index go. */
export interface PostingsSink {
  /** The terms of a vocabulary, numbered from `first`. */
  addTerms(first: number, vocabulary: Vocabulary): void;
  /** Postings whose terms are numbered from `first`. */
  addPostings(first: number, postings: Postings): void;
  /** Rows for whose texts no term stands. */
  addCounter(counter: Counter): void;
}

/**
 * Finds the terms of the rows of one column and hands on which term stands in which rows, in sorted runs. Terms are
 * numbered from `firstTerm`, a multiple of a block; gives the next such number that is free. Memory is bounded: by occurrences, and by terms.
 */
export async function collectPostings(
  batches: AsyncIterable<TextBatch>,
  sink: PostingsSink,
  firstTerm: number,
  limits: PostingsLimits = LIMITS,
): Promise<number> {
  let first = firstTerm;
  let vocabulary = startVocabulary();
  let run = createRun(Math.min(1 << 16, limits.maxOccurrences));
  const flush = () => {
    if (run.length > 0) sink.addPostings(first, sortByTerm(run, vocabulary.size));
    run.length = 0;
  };
  const finish = () => {
    flush();
    sink.addTerms(first, vocabulary);
    first = Math.ceil((first + MARK_NUMBERS + vocabulary.size) / BLOCK_TERMS) * BLOCK_TERMS;
    vocabulary = startVocabulary();
  };
  const addBatch = (batch: TextBatch) => {
    let at = 0;
    while (at < batch.rows.length) {
      at = addRows(run, vocabulary, batch, at);
      if (at === batch.rows.length) break;
      const room = maxOccurrences((batch.offsets[at + 1] as number) - (batch.offsets[at] as number));
      const size = Math.min(limits.maxOccurrences, run.terms.length * 2);
      if (run.length + room > size) flush();
      if (run.length + room > run.terms.length) run = enlarge(run, Math.max(size, room));
    }
    if (vocabulary.size >= limits.maxTerms) finish();
  };
  const counters = createCounterFinder(limits.minCounterRows, sink.addCounter);
  for await (const batch of batches) for (const rest of counters.take(batch)) addBatch(rest);
  for (const rest of counters.finish()) addBatch(rest);
  finish();
  return first;
}

/** Its first terms are the marks. */
function startVocabulary(): Vocabulary {
  const vocabulary = createVocabulary();
  for (const mark of Object.values(MARKS)) entryOfText(vocabulary, mark);
  return vocabulary;
}

function createRun(size: number): Occurrences {
  return { terms: new Int32Array(size), rows: new Int32Array(size), length: 0 };
}

function enlarge({ terms, rows, length }: Occurrences, size: number): Occurrences {
  const larger = createRun(size);
  larger.terms.set(terms.subarray(0, length));
  larger.rows.set(rows.subarray(0, length));
  return { ...larger, length };
}

/** A counting sort, which keeps the order of rows. */
function sortByTerm({ terms, rows, length }: Occurrences, termCount: number): Postings {
  const counts = new Int32Array(termCount + 1);
  for (let at = 0; at < length; at++) {
    const term = terms[at] as number;
    counts[term] = (counts[term] as number) + 1;
  }
  const starts = new Int32Array(termCount);
  const present: number[] = [];
  const ends: number[] = [];
  for (let term = 0, start = 0; term < termCount; term++) {
    starts[term] = start;
    start += counts[term] as number;
    if (counts[term] === 0) continue;
    present.push(term);
    ends.push(start);
  }
  const sorted = new Int32Array(length);
  for (let at = 0; at < length; at++) {
    const term = terms[at] as number;
    const target = starts[term] as number;
    starts[term] = target + 1;
    sorted[target] = rows[at] as number;
  }
  return { terms: Int32Array.from(present), ends: Int32Array.from(ends), rows: sorted };
}
