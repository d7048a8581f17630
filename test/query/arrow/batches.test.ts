import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RecordBatchStreamWriter, tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { chunkToBatches, cutRows } from "../../../src/query/arrow/batches.ts";
import { arrowSchema } from "../../../src/query/arrow/types.ts";
import { type Database, openDatabase } from "../../../src/query/database.ts";
import { quoteText } from "../../../src/query/sql.ts";

let folder: string;
let database: Database;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-arrow-"));
  database = await openDatabase({ scratch: folder, threads: 2 });
});
afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

/** The only column of a query, through record batches and the IPC stream, as plain values. */
async function read(sql: string, type: string): Promise<unknown[]> {
  const schema = arrowSchema([{ name: "v", type }]);
  const result = await database.stream(sql);
  const writer = new RecordBatchStreamWriter();
  writer.reset(undefined, schema);
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const batch of chunkToBatches(chunk, schema)) writer.write(batch);
  }
  writer.finish();
  return plain([...(tableFromIPC(await writer.toUint8Array()).getChild("v") ?? [])]) as unknown[];
}

/** Vectors and rows of the library as plain arrays and objects. */
function plain(value: unknown): unknown {
  if (value === null || typeof value !== "object" || ArrayBuffer.isView(value)) return value;
  const json = "toJSON" in value ? (value as { toJSON(): object }).toJSON() : value;
  if (Array.isArray(json)) return json.map(plain);
  return Object.fromEntries(Object.entries(json).map(([name, field]) => [name, plain(field)]));
}

const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null });
const words = fc
  .oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("한글", "", "😀", "a\nb", "'", "열두 바이트보다 긴 글"),
  )
  .map((text) => text.replaceAll("\0", ""));
const integers = fc.integer();

test.each([
  ["VARCHAR", words],
  ["BOOLEAN", fc.boolean()],
  ["INTEGER", integers],
  ["UTINYINT", fc.integer({ min: 0, max: 255 })],
  ["DOUBLE", fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)],
  ["VARCHAR[]", fc.array(orNull(words), { maxLength: 4 })],
  ["INTEGER[][]", fc.array(orNull(fc.array(orNull(integers), { maxLength: 3 })), { maxLength: 3 })],
  [
    "STRUCT(a INTEGER, b VARCHAR[], c STRUCT(d BOOLEAN))",
    fc.record({
      a: orNull(integers),
      b: orNull(fc.array(words, { maxLength: 2 })),
      c: orNull(fc.record({ d: orNull(fc.boolean()) })),
    }),
  ],
  [
    "STRUCT(x INTEGER, y VARCHAR)[]",
    fc.array(orNull(fc.record({ x: integers, y: words })), { maxLength: 3 }),
  ],
] as [string, fc.Arbitrary<unknown>][])("values of %s arrive as they are stored", async (type, arbitrary) => {
  const rows = fc.array(orNull(arbitrary), { maxLength: 300 });
  await fc.assert(
    fc.asyncProperty(rows, async (values) => {
      const json = quoteText(JSON.stringify(values));
      await database.run(
        `CREATE OR REPLACE TABLE t AS SELECT row_number() OVER () AS i, v FROM (SELECT unnest(CAST(${json}::JSON AS ${type}[])) AS v)`,
      );
      expect(await read("SELECT v FROM t ORDER BY i", type)).toEqual(values);
      // Taken out of order and in part: lists then do not lie one behind the other.
      const odd = values.filter((_, at) => at % 2 === 0).reverse();
      expect(await read("SELECT v FROM t WHERE i % 2 = 1 ORDER BY i DESC", type)).toEqual(odd);
    }),
    { numRuns: 15 },
  );
});

test.each([
  ["BIGINT", "'-9223372036854775808'", -(2n ** 63n)],
  ["UBIGINT", "18446744073709551615", 2n ** 64n - 1n],
  ["FLOAT", "0.5", 0.5],
  [
    "BLOB",
    "'\\x00\\xFF and more than twelve bytes'::BLOB",
    new Uint8Array([0, 255, ...Buffer.from(" and more than twelve bytes")]),
  ],
  ["TIMESTAMP", "TIMESTAMP '1969-12-31 23:59:59.5'", -500],
  ["DATE", "DATE '1970-01-03'", Date.UTC(1970, 0, 3)],
])("%s keeps its values", async (type, literal, expected) => {
  expect(await read(`SELECT ${literal}::${type} AS v`, type)).toEqual([expected]);
});

test.each(["DECIMAL(4,2)", "DECIMAL(9,3)", "DECIMAL(18,1)", "DECIMAL(38,10)"])(
  "%s keeps its digits",
  async (type) => {
    const digits = (value: unknown) =>
      Array.from(value as Uint32Array, (word) => word.toString(16)).join(" ");
    const scale = 10n ** BigInt(type.split(",")[1]?.replace(")", "") ?? 0);
    const twos = BigInt.asUintN(128, -7n * scale);
    const words = [0n, 32n, 64n, 96n].map((shift) => ((twos >> shift) & 0xffffffffn).toString(16)).join(" ");
    expect(digits((await read(`SELECT (-7)::${type} AS v`, type))[0])).toBe(words);
  },
);

test.each(["짧다", "", "열두 바이트보다 긴, 줄마다 같은 글"])(
  "%j in every row, or in all but one",
  async (text) => {
    const literal = quoteText(text);
    expect(await read(`SELECT ${literal} AS v FROM range(3000)`, "VARCHAR")).toEqual(Array(3000).fill(text));
    const but = await read(`SELECT if(range = 2047, NULL, ${literal}) AS v FROM range(2048)`, "VARCHAR");
    expect(but).toEqual([...Array(2047).fill(text), null]);
    const other = await read(`SELECT if(range = 1000, 'x', ${literal}) AS v FROM range(2048)`, "VARCHAR");
    expect(other).toEqual(Array.from({ length: 2048 }, (_, at) => (at === 1000 ? "x" : text)));
  },
);

test("rows are cut where they would be too many or too large together, never inside one", () => {
  expect(cutRows([4, 4, 4], 8)).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 3 },
  ]);
  expect(cutRows([9, 1], 8)).toEqual([
    { start: 0, end: 1 },
    { start: 1, end: 2 },
  ]);
  expect(cutRows([1, 1, 1], 8, 2)).toEqual([
    { start: 0, end: 2 },
    { start: 2, end: 3 },
  ]);
  expect(cutRows([], 8)).toEqual([]);
});

test("rows of some hundred kilobytes come in batches of at most 64 MB", async () => {
  const result = await database.stream("SELECT repeat('가', 100000) AS v FROM range(1000)");
  const schema = arrowSchema([{ name: "v", type: "VARCHAR" }]);
  const sizes: number[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    for (const batch of chunkToBatches(chunk, schema)) sizes.push(batch.numRows);
  }
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1000);
  expect(Math.max(...sizes) * 300_000).toBeLessThanOrEqual(64 * 1024 * 1024);
});
