import { writeFile } from "node:fs/promises";
import { loadParquetWasm } from "../../native.ts";

/** Writes one complete IPC stream as a Parquet file: the shortest way from every Arrow type into the database. */
export async function writeStreamAsParquet(stream: readonly Uint8Array[], path: string): Promise<void> {
  const { Compression, Table, WriterPropertiesBuilder, writeParquet } = await loadParquetWasm();
  const table = Table.fromIPCStream(Buffer.concat(stream));
  const properties = new WriterPropertiesBuilder()
    .setCompression(Compression.LZ4_RAW)
    .setMaxRowGroupSize(8192)
    .build();
  await writeFile(path, writeParquet(table, properties)); // both arguments are consumed
}
