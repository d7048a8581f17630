import { parquetChunks } from "../arrow/parquet-stream.ts";
import type { EncodedResult } from "./encoder.ts";

/** One Parquet file, sent row group by row group, the footer last. */
export function encodeParquet({ schema, batches }: EncodedResult): AsyncIterable<Uint8Array> {
  return parquetChunks(schema, batches);
}
