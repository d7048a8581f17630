import { type Data, makeBuilder, makeData, RecordBatch, type Schema, Struct } from "apache-arrow";

/** Rows, each of the values of the schema's fields in their order, as one batch. */
export function rowBatch(schema: Schema, rows: readonly (readonly unknown[])[]): RecordBatch {
  const children = schema.fields.map(({ type }, column): Data => {
    const builder = makeBuilder({ type, nullValues: [null] });
    for (const row of rows) builder.append(row[column]);
    return builder.finish().flush();
  });
  const type = new Struct(schema.fields);
  return new RecordBatch(
    schema,
    makeData({ type, length: rows.length, nullCount: 0, children }) as Data<Struct>,
  );
}
