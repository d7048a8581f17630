import type { RecordBatch } from "apache-arrow";
import type { EngineName } from "../../schema/engines.ts";
import type { QueryStats, TableResult } from "../../schema/query.ts";

/** What a row format lays out: a result, and what a document around the rows may say of it. */
export interface EncodedResult extends TableResult {
  engine: EngineName;
  /** All hits, where they are known and may be more than the rows; otherwise the rows are counted. */
  matchCount?: number | undefined;
}

/** Lays a result out in one format, piece by piece as its rows are read; an error of the rows comes through. */
export type EncodeRows = (result: EncodedResult) => AsyncIterable<Uint8Array>;

/** Texts are handed on in pieces of about this many characters. */
const PIECE_LENGTH = 64 * 1024;

const encoder = new TextEncoder();

/** Joins small texts to pieces worth a write of their own. */
export async function* textPieces(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let waiting: string[] = [];
  let length = 0;
  for await (const text of texts) {
    waiting.push(text);
    length += text.length;
    if (length < PIECE_LENGTH) continue;
    yield encoder.encode(waiting.join(""));
    waiting = [];
    length = 0;
  }
  if (length > 0) yield encoder.encode(waiting.join(""));
}

/** The rows of batches as texts, some hundred at a time: `row` gives one of a batch. */
export async function* rowTexts(
  batches: AsyncIterable<RecordBatch>,
  open: (batch: RecordBatch) => (row: number) => string,
): AsyncGenerator<string> {
  for await (const batch of batches) {
    const textOf = open(batch);
    let text = "";
    for (let row = 0; row < batch.numRows; row++) {
      text += textOf(row);
      if (text.length < PIECE_LENGTH) continue;
      yield text;
      text = "";
    }
    if (text !== "") yield text;
  }
}

/** The figures of a query as a JSON document has them. */
export function statsFields(stats: QueryStats): Record<string, number> {
  return {
    engine_ms: Math.round(stats.engineMs * 10) / 10,
    ...(stats.scannedBytes !== undefined && { scanned_bytes: stats.scannedBytes }),
    ...(stats.costUsd !== undefined && { cost_usd: stats.costUsd }),
  };
}
