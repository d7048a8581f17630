import type { RecordBatch } from "apache-arrow";
import type { EngineName } from "../../schema/engines.ts";
import type { QueryStats, TableResult } from "../../schema/query.ts";

/** Input of a row format: a result, and facts for a document around the rows. */
export interface EncodedResult extends TableResult {
  engine: EngineName;
  /** All hits, if known and possibly more than the rows; otherwise rows are counted. */
  matchCount?: number | undefined;
}

/** Encodes a result in one format while its rows are read; rethrows errors of the rows. */
export type EncodeRows = (result: EncodedResult) => AsyncIterable<Uint8Array>;

const PIECE_LENGTH = 64 * 1024;

const encoder = new TextEncoder();

/** Joins small texts into larger pieces. */
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

/** Rows of batches as texts, some hundred at a time; `row` renders one. */
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

/** Statistics as fields of a JSON document. */
export function statsFields(stats: QueryStats): Record<string, number> {
  return {
    engine_ms: Math.round(stats.engineMs * 10) / 10,
    ...(stats.scannedBytes !== undefined && { scanned_bytes: stats.scannedBytes }),
    ...(stats.costUsd !== undefined && { cost_usd: stats.costUsd }),
  };
}
