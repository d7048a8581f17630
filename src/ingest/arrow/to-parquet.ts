import { writeFile } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { loadParquetWasm } from "../../native.ts";

/**
 * Writes one complete IPC stream as a Parquet file: the shortest way from every Arrow type into the database. Throws
 * `unsupported_format` for a type that Parquet has no place for.
 */
export async function writeStreamAsParquet(
  stream: readonly Uint8Array[],
  path: string,
  source: string,
): Promise<void> {
  const { Compression, Table, WriterPropertiesBuilder, writeParquet } = await loadParquetWasm();
  let parquet: Uint8Array;
  try {
    const table = Table.fromIPCStream(Buffer.concat(stream));
    const properties = new WriterPropertiesBuilder()
      .setCompression(Compression.LZ4_RAW)
      .setMaxRowGroupSize(8192)
      .build();
    parquet = writeParquet(table, properties); // both arguments are consumed
  } catch (cause) {
    throw new AppError(
      "unsupported_format",
      `${source} has a column with an unsupported Arrow type; write it as Parquet and upload that`,
      { details: { path: source }, cause },
    );
  }
  await writeFile(path, parquet);
}
