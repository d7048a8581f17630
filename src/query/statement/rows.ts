import type { RecordBatch, Schema } from "apache-arrow";

/** Far below the limit of 32-bit offsets; an engine's page is much smaller. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;
const MAX_BATCH_ROWS = 8192;
/** Single rows are collected up to this size. */
const GATHERED_BYTES = 4 * 1024 * 1024;

/** Arrow batches of at most 8,192 rows and 64 MB; values as in `StatementResult.rows` or Trino's JSON. */
export async function pageToBatches(schema: Schema, rows: readonly unknown[][]): Promise<RecordBatch[]> {
  const { makeData, RecordBatch, Struct } = await import("apache-arrow");
  const { cutRows } = await import("../arrow/batches.ts");
  const { toData } = await import("./vectors.ts");
  const sizes = rows.map(sizeOf);
  return cutRows(sizes, MAX_BATCH_BYTES, MAX_BATCH_ROWS).map(({ start, end }) => {
    const children = schema.fields.map((field, column) => {
      const values = new Array<unknown>(end - start);
      for (let row = start; row < end; row++) values[row - start] = rows[row]?.[column];
      return toData(field.type, values);
    });
    const type = new Struct(schema.fields);
    return new RecordBatch(schema, makeData({ type, length: end - start, nullCount: 0, children }));
  });
}

/** Streamed rows in batches as above. */
export async function* rowsToBatches(
  schema: Schema,
  rows: AsyncIterable<unknown[]>,
): AsyncGenerator<RecordBatch> {
  let gathered: unknown[][] = [];
  let sizeBytes = 0;
  for await (const row of rows) {
    gathered.push(row);
    sizeBytes += sizeOf(row);
    if (gathered.length < MAX_BATCH_ROWS && sizeBytes < GATHERED_BYTES) continue;
    yield* await pageToBatches(schema, gathered);
    gathered = [];
    sizeBytes = 0;
  }
  if (gathered.length > 0) yield* await pageToBatches(schema, gathered);
}

/** Approximate bytes of a value; text at one byte per character, though it may be three. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 4;
  if (value instanceof Uint8Array) return value.byteLength + 4;
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + sizeOf(item), 4);
  if (typeof value === "object" && value !== null) return sizeOf(Object.values(value));
  return 8;
}
