import type { Database } from "../database.ts";
import { encodePostings, numberOf } from "./blocks.ts";
import type { Counter } from "./counters.ts";
import type { PostingsSink } from "./postings.ts";
import { MARKS } from "./tokens.ts";
import { bytesOf, type Vocabulary } from "./vocabulary.ts";

const MARK_COUNT = Object.keys(MARKS).length;

/** Rows that are handed over at once: DuckDB's vector size. */
const CHUNK_ROWS = 2048;
/** Bytes of the tokens in a row of `index_terms`: the engine keeps longer texts apart, and copies them at each reading. */
const ROW_BYTES = 3900;
/** Postings that are held before they are handed to the engine, which would hold 200,000 rows of them. */
const FLUSH_BYTES = 16_000_000;

/** Writes terms and their postings into the index tables of the database that is in use. */
export interface IndexSink {
  /** For those of a column. */
  ofColumn(name: string): PostingsSink;
  close(): void;
}

/** Opens the tables once for all columns: a lake may have thousands. */
export async function openIndexSink(database: Database): Promise<IndexSink> {
  const { BIGINT, BLOB, DuckDBBlobValue, DuckDBDataChunk, INTEGER, VARCHAR } = await import(
    "@duckdb/node-api"
  );
  const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
  const open = (table: string) => database.connection.createAppender(table, "main", used?.name);
  const terms = await open("index_terms");
  const postings = await open("index_postings");
  const counters = await open("index_counters");
  let held = 0;
  const addPostings: PostingsSink["addPostings"] = (first, sorted) => {
    for (const rows of chunksOf(encodePostings(first, sorted))) {
      const chunk = DuckDBDataChunk.create([INTEGER, BLOB], rows.length);
      const keys = rows.map(({ key }) => key);
      chunk.setColumnValues(0, keys);
      const values = rows.map(({ bytes }) => new DuckDBBlobValue(bytes));
      chunk.setColumnValues(1, values);
      postings.appendDataChunk(chunk);
      held += rows.reduce((sum, { bytes }) => sum + bytes.length, 0);
      if (held < FLUSH_BYTES) continue;
      postings.flushSync();
      held = 0;
    }
  };
  const addTerms = (column: string, first: number, vocabulary: Vocabulary) => {
    for (const rows of chunksOf(joinTokens(first, vocabulary))) {
      const chunk = DuckDBDataChunk.create([INTEGER, VARCHAR, VARCHAR], rows.length);
      const firsts = rows.map((row) => row.first);
      chunk.setColumnValues(0, firsts);
      const columns = rows.map(() => column);
      chunk.setColumnValues(1, columns);
      const tokens = rows.map((row) => row.tokens);
      chunk.setColumnValues(2, tokens);
      terms.appendDataChunk(chunk);
    }
    if (vocabulary.bytes.length > FLUSH_BYTES) terms.flushSync();
  };
  const addCounter = (column: string, { row, count, before, number, width, after }: Counter) => {
    const types = [VARCHAR, INTEGER, INTEGER, VARCHAR, BIGINT, INTEGER, VARCHAR];
    const chunk = DuckDBDataChunk.create(types, 1);
    chunk.setRows([[column, row, count, before, BigInt(number), width, after]]);
    counters.appendDataChunk(chunk);
  };
  return {
    ofColumn: (name) => ({
      addPostings,
      addCounter: (counter) => addCounter(name, counter),
      addTerms: (first, vocabulary) => addTerms(name, first, vocabulary),
    }),
    close: () => {
      terms.closeSync();
      postings.closeSync();
      counters.closeSync();
    },
  };
}

/** A row for the marks, then every token between line breaks: `\nfirst\nsecond\n`. */
function* joinTokens(first: number, vocabulary: Vocabulary): Generator<{ first: number; tokens: string }> {
  yield { first, tokens: "" };
  const decoder = new TextDecoder();
  let tokens = "\n";
  let start = MARK_COUNT;
  let sizeBytes = 0;
  for (let term = MARK_COUNT; term < vocabulary.size; term++) {
    const bytes = bytesOf(vocabulary, term);
    if (sizeBytes + bytes.length >= ROW_BYTES) {
      yield { first: numberOf(first, start), tokens };
      tokens = "\n";
      start = term;
      sizeBytes = 0;
    }
    tokens += `${decoder.decode(bytes)}\n`;
    sizeBytes += bytes.length + 1;
  }
  if (start < vocabulary.size) yield { first: numberOf(first, start), tokens };
}

function* chunksOf<T>(items: Iterable<T>): Generator<T[]> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK_ROWS) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}
