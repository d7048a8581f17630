import { writeFile } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { loadParquetWasm } from "../../native.ts";

/**
 * Writes one complete IPC stream as a Parquet file: the shortest way from every Arrow type into the database. Throws
 * `unsupported_format` for a type that Parquet has no place for, `invalid_input` for text that is none.
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
    if (/utf-?8/i.test(String(cause))) {
      const message = `${source} holds text that is not UTF-8; write it again with valid text, or as binary data`;
      throw new AppError("invalid_input", message, { details: { path: source }, cause });
    }
    throw new AppError(
      "unsupported_format",
      `${source} has a column with an unsupported Arrow type; write it as Parquet and upload that`,
      { details: { path: source }, cause },
    );
  }
  await writeFile(path, parquet);
}
