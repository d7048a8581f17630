import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import { parquetChunks } from "../query/arrow/parquet-stream.ts";
import { createOutputFile } from "./output-file.ts";
import type { ExportWriter, WriterOptions } from "./writer.ts";

/**
 * One zstd Parquet file with the features for `datasets` in its key-value metadata. Streamed, because
 * DuckDB's COPY would need a second copy of the images in a table.
 */
export async function openParquetWriter(options: WriterOptions): Promise<ExportWriter> {
  const { folder, fileName, schema } = options;
  const file = await createOutputFile(join(folder, fileName));
  let rows = 0;
  const { readable, writable } = new TransformStream<RecordBatch, RecordBatch>(
    {},
    { highWaterMark: 1 },
    { highWaterMark: 0 },
  );
  const source = writable.getWriter();
  const drain = async (): Promise<void> => {
    for await (const chunk of parquetChunks(schema, readable)) await file.write([chunk]);
  };
  const draining = drain();
  draining.catch(() => {}); // handled in write and finish
  return {
    write: async (batch) => {
      rows += batch.numRows;
      await Promise.race([source.ready.then(() => source.write(batch)), draining]);
    },
    finish: async () => {
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
