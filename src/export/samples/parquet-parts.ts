import type { RecordBatch, Schema } from "apache-arrow";
import { parquetChunks } from "../../query/arrow/parquet-stream.ts";
import { rowBatch } from "./row-batch.ts";
import type { SampleWriterOptions } from "./writer.ts";

/** Rows of Parquet, in a file for each part. */
export interface ParquetParts {
  /** Values of a row, in the order of the schema; `sizeBytes` is about what they hold. */
  add(split: string, values: readonly unknown[], sizeBytes: number): Promise<void>;
  finish(): Promise<void>;
  abort(): Promise<void>;
}

/** As `datasets` writes rows with images: groups of 100. */
const BATCH_ROWS = 100;
const BATCH_BYTES = 16 * 1024 * 1024;

interface Part {
  rows: (readonly unknown[])[];
  bytes: number;
  source: WritableStreamDefaultWriter<RecordBatch>;
  draining: Promise<void>;
}

/** `<part>.parquet` for each part, zstd, with the schema's metadata. */
export function openParquetParts(
  { createFile }: Pick<SampleWriterOptions, "createFile">,
  schema: Schema,
): ParquetParts {
  const parts = new Map<string, Part>();
  const open = async (split: string): Promise<Part> => {
    const file = await createFile(`${split}.parquet`);
    const { readable, writable } = new TransformStream<RecordBatch, RecordBatch>(
      {},
      { highWaterMark: 1 },
      { highWaterMark: 0 },
    );
    const drain = async () => {
      for await (const chunk of parquetChunks(schema, readable)) await file.write([chunk]);
    };
    const draining = drain();
    draining.catch(() => {}); // looked at in flush and finish
    const part = { rows: [], bytes: 0, source: writable.getWriter(), draining };
    parts.set(split, part);
    return part;
  };
  const flush = async (part: Part) => {
    if (part.rows.length === 0) return;
    const batch = rowBatch(schema, part.rows);
    part.rows = [];
    part.bytes = 0;
    await Promise.race([part.source.ready.then(() => part.source.write(batch)), part.draining]);
  };
  return {
    add: async (split, values, sizeBytes) => {
      const part = parts.get(split) ?? (await open(split));
      if (part.bytes + sizeBytes > BATCH_BYTES) await flush(part);
      part.rows.push(values);
      part.bytes += sizeBytes;
      if (part.rows.length >= BATCH_ROWS) await flush(part);
    },
    finish: async () => {
      for (const part of parts.values()) {
        await flush(part);
        await part.source.close();
        await part.draining;
      }
    },
    abort: async () => {
      for (const { source, draining } of parts.values()) {
        await source.abort().catch(() => {});
        await draining.catch(() => {});
      }
    },
  };
}
