import { BLOCK_TERMS } from "./blocks.ts";
import { addRows, maxOccurrences, type Occurrences, type TextBatch } from "./tokenize.ts";
import { createVocabulary, type Vocabulary } from "./vocabulary.ts";

/** Occurrences that are sorted at once, in memory: 16 bytes each. */
const MAX_OCCURRENCES = 8_000_000;
/** Terms of which a new vocabulary begins: the old ones are known by other numbers then. */
const MAX_TERMS = 3_000_000;

/** The rows of the terms that stand in a run of rows. */
export interface Postings {
  /** Ascending. */
  terms: Int32Array;
  /** Those of `terms[i]` end before `ends[i]` and begin where those of the term before end. */
  ends: Int32Array;
  /** Ascending for each term. */
  rows: Int32Array;
}

/** Where finished parts of an index go. */
export interface PostingsSink {
  /** The terms of a vocabulary, numbered from `first`. */
  addTerms(first: number, vocabulary: Vocabulary): void;
  /** Postings whose terms are numbered from `first`. */
  addPostings(first: number, postings: Postings): void;
}

/**
 * Finds the terms of the rows of one column and hands on which term stands in which rows, in sorted runs. Terms are
 * numbered from `firstTerm`, a multiple of a block; gives the next such number that is free. Memory is bounded: by occurrences, and by terms.
 */
export async function collectPostings(
  batches: AsyncIterable<TextBatch>,
  sink: PostingsSink,
  firstTerm: number,
): Promise<number> {
  let first = firstTerm;
  let vocabulary = createVocabulary();
  let run = createRun(1 << 16);
  const flush = () => {
    if (run.length > 0) sink.addPostings(first, sortByTerm(run, vocabulary.size));
    run.length = 0;
  };
  const finish = () => {
    flush();
    sink.addTerms(first, vocabulary);
    first = Math.ceil((first + vocabulary.size) / BLOCK_TERMS) * BLOCK_TERMS;
    vocabulary = createVocabulary();
  };
  for await (const batch of batches) {
    let at = 0;
    while (at < batch.rows.length) {
      at = addRows(run, vocabulary, batch, at);
      if (at === batch.rows.length) break;
      const room = maxOccurrences((batch.offsets[at + 1] as number) - (batch.offsets[at] as number));
      const size = Math.min(MAX_OCCURRENCES, run.terms.length * 2);
      if (run.length + room > size) flush();
      if (run.length + room > run.terms.length) run = enlarge(run, Math.max(size, room));
    }
    if (vocabulary.size >= MAX_TERMS) finish();
  }
  finish();
  return first;
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
