import { expect, test } from "bun:test";
import { Vector } from "apache-arrow";
import fc from "fast-check";
import { createColumnBuilder } from "../../src/export/arrow-columns.ts";
import { parseType } from "../../src/schema/column-types.ts";

const orNull = <T>(values: fc.Arbitrary<T>) =>
  fc.array(fc.option(values, { nil: null }), { maxLength: 3000 });
const words = fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("한글", "", "😀", "a\nb", "'"));

function roundTrip(type: string, values: readonly unknown[]): unknown {
  const builder = createColumnBuilder(parseType(type));
  // A builder is empty again after it gave its column: what came before must not show.
  builder.append(values[0] ?? null);
  builder.finish();
  for (const value of values) builder.append(value);
  return plain([...new Vector([builder.finish()])]);
}

/** Vectors and rows of the library as plain arrays and objects. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  const json = "toJSON" in value ? (value as { toJSON(): object }).toJSON() : value;
  if (Array.isArray(json)) return json.map(plain);
  return Object.fromEntries(Object.entries(json).map(([name, field]) => [name, plain(field)]));
}

test.each([
  ["VARCHAR", orNull(words)],
  ["BOOLEAN", orNull(fc.boolean())],
  ["BIGINT", orNull(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))],
  ["INTEGER", orNull(fc.integer())],
  ["UTINYINT", orNull(fc.integer({ min: 0, max: 255 }))],
  ["DOUBLE", orNull(fc.double({ noNaN: true }))],
  ["BLOB", orNull(fc.uint8Array({ maxLength: 50 }))],
  ["VARCHAR[]", orNull(fc.array(fc.option(words, { nil: null }), { maxLength: 4 }))],
  ["INTEGER[][]", orNull(fc.array(fc.array(fc.integer(), { maxLength: 3 }), { maxLength: 3 }))],
  [
    "STRUCT(a INTEGER, b VARCHAR[])",
    orNull(fc.record({ a: fc.integer(), b: fc.array(words, { maxLength: 2 }) })),
  ],
] as [string, fc.Arbitrary<unknown[]>][])("a column of %s reads back as it was given", (type, arbitrary) => {
  fc.assert(
    fc.property(arbitrary, (values) => {
      expect(roundTrip(type, values)).toEqual(values);
    }),
    { numRuns: 30 },
  );
});
