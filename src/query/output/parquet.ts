import { parquetChunks } from "../arrow/parquet-stream.ts";
import type { EncodedResult } from "./encoder.ts";

/** One Parquet file; its bytes leave row group by row group, its footer at the end. */
export function encodeParquet({ schema, batches }: EncodedResult): AsyncIterable<Uint8Array> {
  return parquetChunks(schema, batches);
}
