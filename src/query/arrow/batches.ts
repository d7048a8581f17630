import type { DuckDBDataChunk } from "@duckdb/node-api";
import { type Data, makeData, RecordBatch, type Schema, Struct } from "apache-arrow";
import { addSizes, gatherColumn } from "./columns.ts";

/** Far below the limit of 32-bit offsets, and small enough for readers to hold. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/**
 * A DuckDB chunk as Arrow record batches of at most 64 MB, rows in order; a single row may be larger.
 * `schema` must match the chunk's columns. Copies everything, so the chunk may be freed after the last batch.
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

/** Approximate bytes of each row of a chunk in Arrow. */
export function chunkSizes(chunk: DuckDBDataChunk, schema: Schema): Float64Array {
  const sizes = new Float64Array(chunk.rowCount).fill(8 * schema.fields.length);
  for (const [at, { type }] of schema.fields.entries()) addSizes(chunk.getColumnVector(at), type, sizes);
  return sizes;
}

/** Row ranges (`end` exclusive) of at most `maxBytes`, or a single row. */
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
