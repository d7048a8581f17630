import type { DuckDBDataChunk } from "@duckdb/node-api";
import { type Data, makeData, RecordBatch, type Schema, Struct } from "apache-arrow";
import { addSizes, gatherColumn } from "./columns.ts";

/** Far below what 32-bit offsets address, and what a reader of the batch holds at once. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * A chunk of a DuckDB result as Arrow record batches of at most 64 MB, rows in order; one row alone may be larger. The
 * columns of `schema` are those of the chunk. Copies everything: the chunk may go when the last batch was taken.
 */
export function* chunkToBatches(chunk: DuckDBDataChunk, schema: Schema): Generator<RecordBatch> {
  const columns = schema.fields.map((field, at) => ({ type: field.type, vector: chunk.getColumnVector(at) }));
  for (const { start, end } of cutRows(chunkSizes(chunk, schema), MAX_BATCH_BYTES)) {
    const rows = Int32Array.from({ length: end - start }, (_, at) => start + at);
    const children = columns.map(({ vector, type }) => gatherColumn(vector, type, rows));
    const data = makeData({ type: new Struct(schema.fields), length: rows.length, nullCount: 0, children });
    yield new RecordBatch(schema, data as Data<Struct>);
  }
}

/** Bytes that each row of a chunk takes as Arrow, about. */
export function chunkSizes(chunk: DuckDBDataChunk, schema: Schema): Float64Array {
  const sizes = new Float64Array(chunk.rowCount).fill(8 * schema.fields.length);
  for (const [at, { type }] of schema.fields.entries()) addSizes(chunk.getColumnVector(at), type, sizes);
  return sizes;
}

/** Ranges of rows (`end` exclusive) that take at most `maxBytes` together, or are one row. */
export function cutRows(sizes: ArrayLike<number>, maxBytes: number, maxRows = Number.POSITIVE_INFINITY) {
  const ranges: { start: number; end: number }[] = [];
  let start = 0;
  let bytes = 0;
  for (let row = 0; row < sizes.length; row++) {
    const size = sizes[row] ?? 0;
    if (row > start && (bytes + size > maxBytes || row - start >= maxRows)) {
      ranges.push({ start, end: row });
      start = row;
      bytes = 0;
    }
    bytes += size;
  }
  if (sizes.length > start) ranges.push({ start, end: sizes.length });
  return ranges;
}
