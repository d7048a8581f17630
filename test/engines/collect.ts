import { type DataType, type RecordBatch, DataType as Type, type Vector } from "apache-arrow";

/** A row as plain values: BIGINT as bigint, DECIMAL and TIMESTAMP as their whole number, lists as arrays, structs as objects. */
export type PlainRow = Record<string, unknown>;

/** All rows of a result. */
export async function collectRows(result: { batches: AsyncIterable<RecordBatch> }): Promise<PlainRow[]> {
  const rows: PlainRow[] = [];
  for await (const batch of result.batches) rows.push(...batchRows(batch));
  return rows;
}

function batchRows(batch: RecordBatch): PlainRow[] {
  const columns = batch.schema.fields.map((field, at) => ({
    name: field.name,
    values: plainValues(batch.getChildAt(at) as Vector),
  }));
  return Array.from({ length: batch.numRows }, (_, row) =>
    Object.fromEntries(columns.map(({ name, values }) => [name, values[row]])),
  );
}

function plainValues(vector: Vector): unknown[] {
  // Arrow gives timestamps as floats of milliseconds, which forget the last digits.
  const whole = Type.isTimestamp(vector.type) ? vector.data.flatMap(({ values }) => [...values]) : undefined;
  return Array.from({ length: vector.length }, (_, at) =>
    whole && vector.isValid(at) ? whole[at] : plainValue(vector.type, vector.get(at)),
  );
}

function plainValue(type: DataType, value: unknown): unknown {
  if (value === null || value === undefined) return null;
  if (Type.isList(type)) return plainValues(value as Vector);
  if (Type.isStruct(type)) {
    const row = value as Record<string, unknown>;
    return Object.fromEntries(
      type.children.map((field) => [field.name, plainValue(field.type, row[field.name])]),
    );
  }
  if (Type.isDecimal(type)) return decimalOf(value as Uint32Array);
  return value;
}

function decimalOf(words: Uint32Array): bigint {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return BigInt.asIntN(128, unsigned);
}
