import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import fc from "fast-check";
import { chunkToBatches } from "../../../src/query/arrow/batches.ts";
import { arrowSchema } from "../../../src/query/arrow/types.ts";
import { type Database, openDatabase } from "../../../src/query/database.ts";
import { jsonCells, plainCells } from "../../../src/query/output/cells.ts";
import { dateText, timestampText } from "../../../src/query/output/time-text.ts";

let folder: string;
let database: Database;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "datalake-cells-"));
  database = await openDatabase({ scratch: folder, threads: 1 });
});

afterAll(async () => {
  database.close();
  await rm(folder, { recursive: true, force: true });
});

async function batchOf(sql: string): Promise<RecordBatch> {
  const result = await database.connection.run(sql);
  const columns = result
    .columnNames()
    .map((name, at) => ({ name, type: String(result.columnType(at)).replaceAll('"', "") }));
  const [batch] = chunkToBatches(result.getChunk(0), arrowSchema(columns));
  return batch as RecordBatch;
}

/** One value as JSON text and as plain text. */
async function texts(expression: string): Promise<[string | undefined, string | undefined]> {
  const batch = await batchOf(`SELECT ${expression} AS value`);
  return [jsonCells(batch)[0]?.(0), plainCells(batch)[0]?.(0)];
}

describe("a value", () => {
  test.each([
    ["NULL::VARCHAR", undefined, undefined],
    ["'가 \"x\" \\ ' || chr(10)", '"가 \\"x\\" \\\\ \\n"', '가 "x" \\ \n'],
    ["chr(65279) || 'bom'", '"\ufeffbom"', "\ufeffbom"],
    ["9223372036854775807", "9223372036854775807", "9223372036854775807"],
    ["18446744073709551615::UBIGINT", "18446744073709551615", "18446744073709551615"],
    ["(-128)::TINYINT", "-128", "-128"],
    ["0.1::FLOAT", "0.1", "0.1"],
    ["16777217::FLOAT", "16777216", "16777216"],
    ["3.4028234663852886e38::FLOAT", "3.4028235e+38", "3.4028235e+38"],
    ["0.1::DOUBLE", "0.1", "0.1"],
    ["'nan'::DOUBLE", '"NaN"', "nan"],
    ["'inf'::DOUBLE", '"Infinity"', "inf"],
    ["'-inf'::FLOAT", '"-Infinity"', "-inf"],
    ["['nan'::FLOAT, NULL, 'inf'::FLOAT]", '["NaN",null,"Infinity"]', '["NaN",null,"Infinity"]'],
    ["{'a': '-inf'::DOUBLE}", '{"a":"-Infinity"}', '{"a":"-Infinity"}'],
    ["'-0.0'::DOUBLE", "-0.0", "-0.0"],
    ["12.50::DECIMAL(9,2)", "12.50", "12.50"],
    ["(-0.05)::DECIMAL(4,2)", "-0.05", "-0.05"],
    ["99999999999999999999999999999999999999::DECIMAL(38,0)", "9".repeat(38), "9".repeat(38)],
    ["(-99999999999999999.99)::DECIMAL(38,2)", "-99999999999999999.99", "-99999999999999999.99"],
    ["true", "true", "true"],
    ["DATE '2026-03-01'", '"2026-03-01"', "2026-03-01"],
    ["TIMESTAMP '1969-12-31 23:59:59.000001'", '"1969-12-31T23:59:59.000001"', "1969-12-31T23:59:59.000001"],
    ["'\\x00\\xFF'::BLOB", '"AP8="', "AP8="],
    ["[1, NULL, 3]", "[1,null,3]", "[1,null,3]"],
    ["[['a'], [], NULL]", '[["a"],[],null]', '[["a"],[],null]'],
    [
      "{'a': 1, 'b': [TIMESTAMP '2026-01-01']}",
      '{"a":1,"b":["2026-01-01T00:00:00"]}',
      '{"a":1,"b":["2026-01-01T00:00:00"]}',
    ],
    ["{'a': NULL::INTEGER}", '{"a":null}', '{"a":null}'],
  ])("%s", async (expression, json, plain) => {
    expect(await texts(expression)).toEqual([json, plain]);
  });
});

test("rows of a slice of a batch are those of the slice", async () => {
  const batch = await batchOf(
    "SELECT range % 3 = 0 AS flag, CASE WHEN range % 2 = 0 THEN 'row ' || range END AS text, [range, NULL] AS list, {'b': range % 5 = 0, 'n': range} AS box FROM range(100)",
  );
  const whole = jsonCells(batch);
  const part = jsonCells(batch.slice(13, 61));
  for (let row = 0; row < 48; row++) {
    expect(part.map((cell) => cell(row))).toEqual(whole.map((cell) => cell(row + 13)));
  }
});

test("JSON texts are read back as the doubles they were", async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ noNaN: true, noDefaultInfinity: true }), async (value) => {
      const [json = ""] = await texts(`'${value}'::DOUBLE`);
      expect(JSON.parse(json)).toBe(value === 0 ? 0 : value);
    }),
    { numRuns: 30 },
  );
});

test("dates and times are what DuckDB and Date say, and go beyond both their years", () => {
  fc.assert(
    fc.property(fc.integer({ min: -719_000, max: 2_900_000 }), (days) => {
      expect(dateText(days)).toBe(new Date(days * 86_400_000).toISOString().slice(0, 10));
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -62_000_000_000_000n, max: 250_000_000_000_000n }), (millis) => {
      const iso = new Date(Number(millis)).toISOString().replace("Z", "000").replace(".000000", "");
      expect(timestampText(millis * 1000n)).toBe(iso);
    }),
  );
  expect(dateText(-719_529)).toBe("-000001-12-31");
  expect(dateText(2_932_897)).toBe("+010000-01-01");
  expect(timestampText(2n ** 63n - 1n)).toBe("infinity");
  expect(timestampText(-(2n ** 63n - 1n))).toBe("-infinity");
  expect(timestampText(9_223_372_036_854_775_806n)).toBe("+294247-01-10T04:00:54.775806");
});
