import { join } from "node:path";
import { RecordBatch as ArrowBatch, makeBuilder, makeData, type Schema, Struct } from "apache-arrow";
import type { RecordBatch as WasmBatch } from "parquet-wasm/esm";
import { loadParquetWasm } from "../native.ts";
import { createStreamEncoder } from "./ipc.ts";
import { createOutputFile } from "./output-file.ts";
import type { ExportWriter, WriterOptions } from "./writer.ts";

/** As `datasets` likes them for images, and what a reader must hold at once. */
const ROW_GROUP_BYTES = 32_000_000;
const ROW_GROUP_ROWS = 122_880;

/**
 * One Parquet file, zstd, with the features for `datasets` in its key-value metadata. Written by parquet-wasm as a
 * stream: DuckDB's COPY cannot take images in without holding a second copy of them in a table.
 */
export async function openParquetWriter(options: WriterOptions): Promise<ExportWriter> {
  const { folder, fileName, schema } = options;
  const wasm = await loadParquetWasm();
  const file = await createOutputFile(join(folder, fileName));
  let rows = 0;
  const { readable, writable } = new TransformStream<WasmBatch, WasmBatch>(
    {},
    { highWaterMark: 1 },
    { highWaterMark: 1 },
  );
  const properties = new wasm.WriterPropertiesBuilder()
    .setCompression(wasm.Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setMaxRowGroupBytes(ROW_GROUP_BYTES)
    .setKeyValueMetadata(new Map(schema.metadata))
    .build();
  const source = writable.getWriter();
  let buffer = new Uint8Array(0);
  const joined = (pieces: readonly Uint8Array[]): Uint8Array => {
    const sizeBytes = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
    if (buffer.length < sizeBytes) buffer = new Uint8Array(sizeBytes * 1.25);
    let at = 0;
    for (const piece of pieces) {
      buffer.set(piece, at);
      at += piece.byteLength;
    }
    return buffer.subarray(0, sizeBytes);
  };
  const toWasm = (batch: ArrowBatch): WasmBatch[] => {
    const encoder = createStreamEncoder(schema);
    const pieces = [...encoder.begin(), ...encoder.encode(batch), ...encoder.end()];
    const table = wasm.Table.fromIPCStream(joined(pieces));
    const batches = table.recordBatches();
    table.free(); // its memory would stay until the next collection of garbage
    return batches;
  };
  // The schema of the file comes from its first batch: one without rows makes a file without rows.
  const withoutRows = toWasm(emptyRecordBatch(schema));
  const drain = async (): Promise<void> => {
    const output = await wasm.transformParquetStream(readable, properties);
    for await (const chunk of output as ReadableStream<Uint8Array>) await file.write([chunk]);
  };
  const draining = drain();
  draining.catch(() => {}); // looked at in write and finish
  const send = async (batches: WasmBatch[]) => {
    for (const batch of batches) await Promise.race([source.write(batch), draining]);
  };
  return {
    write: async (batch) => {
      rows += batch.numRows;
      for (const part of sliceBatch(batch)) await send(toWasm(part));
    },
    finish: async () => {
      if (rows === 0) await send(withoutRows);
      await source.close();
      await draining;
      return [{ name: fileName, rows, ...(await file.close()) }];
    },
    abort: async () => {
      await source.abort().catch(() => {});
      await draining.catch(() => {});
      await file.close().catch(() => {});
    },
  };
}

function emptyRecordBatch(schema: Schema): ArrowBatch {
  const children = schema.fields.map(({ type }) => makeBuilder({ type }).flush());
  return new ArrowBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: 0, nullCount: 0, children }),
  );
}

/** What goes to the writer at once: it holds a few copies of it. */
const PART_BYTES = 8 * 1024 * 1024;

function* sliceBatch(batch: ArrowBatch): Generator<ArrowBatch> {
  const parts = Math.min(batch.numRows, Math.ceil(batch.data.byteLength / PART_BYTES));
  if (parts <= 1) return yield batch;
  const rows = Math.ceil(batch.numRows / parts);
  for (let at = 0; at < batch.numRows; at += rows) yield batch.slice(at, at + rows);
}
