import { RecordBatch as ArrowBatch, makeBuilder, makeData, type Schema, Struct } from "apache-arrow";
import type { RecordBatch as WasmBatch } from "parquet-wasm/esm";
import { loadParquetWasm } from "../../native.ts";
import { createStreamEncoder } from "./ipc.ts";

/** Row group size that `datasets` prefers for images; readers hold one in memory. */
const ROW_GROUP_BYTES = 32_000_000;
const ROW_GROUP_ROWS = 122_880;

/** Each open column with a dictionary takes 100 kB from its first value. */
const MAX_DICTIONARIES = 1000;

/**
 * Batches of `schema` as one zstd Parquet file, with the schema's metadata as key-value metadata; also
 * without rows. Streamed by parquet-wasm, which holds one row group of at most 32 MB, since DuckDB's COPY
 * writes only to files. Rethrows errors of the batches.
 */
export async function* parquetChunks(
  schema: Schema,
  batches: AsyncIterable<ArrowBatch>,
): AsyncGenerator<Uint8Array> {
  const wasm = await loadParquetWasm();
  const properties = new wasm.WriterPropertiesBuilder()
    .setCompression(wasm.Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setMaxRowGroupBytes(ROW_GROUP_BYTES)
    .setDictionaryEnabled(schema.fields.length <= MAX_DICTIONARIES)
    .setKeyValueMetadata(new Map(schema.metadata))
    .build();
  const source = wasmBatches(wasm, schema, batches);
  let failure: { error: unknown } | undefined;
  const input = new ReadableStream<WasmBatch>(
    {
      pull: async (controller) => {
        try {
          const { done, value } = await source.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          failure = { error };
          controller.error(error);
        }
      },
    },
    { highWaterMark: 1 },
  );
  let output: ReadableStream<Uint8Array> | undefined;
  try {
    output = (await wasm.transformParquetStream(input, properties)) as ReadableStream<Uint8Array>;
    for await (const chunk of output) yield chunk;
    if (failure) throw failure.error;
  } catch (error) {
    throw failure ? failure.error : error; // the encoder's own message is meaningless
  } finally {
    await source.return(undefined);
    await output?.cancel().catch(() => {});
  }
}

type Wasm = Awaited<ReturnType<typeof loadParquetWasm>>;

async function* wasmBatches(
  wasm: Wasm,
  schema: Schema,
  batches: AsyncIterable<ArrowBatch>,
): AsyncGenerator<WasmBatch> {
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
    const parts = table.recordBatches();
    table.free(); // otherwise its memory stays until the next garbage collection
    return parts;
  };
  let rowCount = 0;
  for await (const batch of batches) {
    rowCount += batch.numRows;
    for (const part of sliceBatch(batch)) yield* toWasm(part);
  }
  // The file's schema comes from the first batch.
  if (rowCount === 0) yield* toWasm(emptyRecordBatch(schema));
}

function emptyRecordBatch(schema: Schema): ArrowBatch {
  const children = schema.fields.map(({ type }) => makeBuilder({ type }).flush());
  return new ArrowBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length: 0, nullCount: 0, children }),
  );
}

/** Batch size for the writer, which holds a few copies. */
const PART_BYTES = 8 * 1024 * 1024;

function* sliceBatch(batch: ArrowBatch): Generator<ArrowBatch> {
  const parts = Math.min(batch.numRows, Math.ceil(batch.data.byteLength / PART_BYTES));
  if (parts <= 1) return yield batch;
  const rows = Math.ceil(batch.numRows / parts);
  for (let at = 0; at < batch.numRows; at += rows) yield batch.slice(at, at + rows);
}
