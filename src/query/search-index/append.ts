import type { Database } from "../database.ts";
import { encodePostings, numberOf } from "./blocks.ts";
import type { PostingsSink } from "./postings.ts";
import { MARKS } from "./tokens.ts";
import { bytesOf, type Vocabulary } from "./vocabulary.ts";

const MARK_COUNT = Object.keys(MARKS).length;

/** Rows that are handed over at once: DuckDB's vector size. */
const CHUNK_ROWS = 2048;
/** Tokens in a row of `index_terms`: some kilobytes, which the engine searches as fast as it reads them. */
const TOKENS_A_ROW = 512;

/** Writes the terms of one column and their postings into the index tables of the database that is in use. */
export async function openIndexSink(
  database: Database,
  column: string,
): Promise<PostingsSink & { close(): void }> {
  const { BLOB, DuckDBBlobValue, DuckDBDataChunk, INTEGER, VARCHAR } = await import("@duckdb/node-api");
  const [used] = await database.rows<{ name: string }>("SELECT current_database() AS name");
  const open = (table: string) => database.connection.createAppender(table, "main", used?.name);
  const terms = await open("index_terms");
  const postings = await open("index_postings");
  return {
    addPostings: (first, sorted) => {
      for (const rows of chunksOf(encodePostings(first, sorted))) {
        const chunk = DuckDBDataChunk.create([INTEGER, BLOB], rows.length);
        chunk.setColumnValues(
          0,
          rows.map(({ key }) => key),
        );
        chunk.setColumnValues(
          1,
          rows.map(({ bytes }) => new DuckDBBlobValue(bytes)),
        );
        postings.appendDataChunk(chunk);
      }
      postings.flushSync();
    },
    addTerms: (first, vocabulary) => {
      for (const rows of chunksOf(joinTokens(first, vocabulary))) {
        const chunk = DuckDBDataChunk.create([INTEGER, VARCHAR, VARCHAR], rows.length);
        chunk.setColumnValues(
          0,
          rows.map((row) => row.first),
        );
        chunk.setColumnValues(
          1,
          rows.map(() => column),
        );
        chunk.setColumnValues(
          2,
          rows.map((row) => row.tokens),
        );
        terms.appendDataChunk(chunk);
      }
      terms.flushSync();
    },
    close: () => {
      terms.closeSync();
      postings.closeSync();
    },
  };
}

/** A row for the marks, then every token between line breaks: `\nfirst\nsecond\n`. */
function* joinTokens(first: number, vocabulary: Vocabulary): Generator<{ first: number; tokens: string }> {
  yield { first, tokens: "" };
  const decoder = new TextDecoder();
  for (let start = MARK_COUNT; start < vocabulary.size; start += TOKENS_A_ROW) {
    const count = Math.min(TOKENS_A_ROW, vocabulary.size - start);
    const tokens = Array.from({ length: count }, (_, at) => decoder.decode(bytesOf(vocabulary, start + at)));
    yield { first: numberOf(first, start), tokens: `\n${tokens.join("\n")}\n` };
  }
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
