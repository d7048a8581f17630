import { expect, test } from "bun:test";
import { arrowSchema } from "../../../src/query/arrow/types.ts";
import { pageToBatches, rowsToBatches } from "../../../src/query/statement/rows.ts";
import { collectRows } from "../../engines/collect.ts";

async function read(type: string, values: unknown[]): Promise<unknown[]> {
  const schema = arrowSchema([{ name: "x", type }]);
  const batches = await pageToBatches(
    schema,
    values.map((value) => [value]),
  );
  const rows = await collectRows({ batches: toAsync(batches) });
  return rows.map(({ x }) => x);
}

test("values as they stand in JSON, and as plain ones, become Arrow's", async () => {
  const micros = (iso: string, more = 0n) => BigInt(Date.parse(iso)) * 1000n + more;
  const cases: [string, unknown[], unknown[]][] = [
    ["BOOLEAN", [true, null, false], [true, null, false]],
    ["BIGINT", [1, "-9223372036854775808", null], [1n, -9223372036854775808n, null]],
    ["UBIGINT", ["18446744073709551615"], [18446744073709551615n]],
    ["DOUBLE", [1.5, "NaN", "-Infinity", -0], [1.5, Number.NaN, Number.NEGATIVE_INFINITY, -0]],
    ["DECIMAL(20,3)", ["-0.050", "12", "1.2"], [-50n, 12000n, 1200n]],
    [
      "DECIMAL(38,0)",
      ["-99999999999999999999999999999999999999"],
      [-99999999999999999999999999999999999999n],
    ],
    [
      "DATE",
      ["1969-12-31", "0001-01-01", "+10000-01-01"],
      [-86400000, Date.UTC(0, 0, 1) - 0, 253402300800000],
    ],
    [
      "TIMESTAMP",
      ["1969-12-31 23:59:59.999999", "2026-01-02 03:04:05", "2500-01-01 00:00:00.000001"],
      [-1n, micros("2026-01-02T03:04:05Z"), micros("2500-01-01T00:00:00Z", 1n)],
    ],
    [
      "BLOB",
      ["AP9h", new Uint8Array([1]), ""],
      [new Uint8Array([0, 255, 97]), new Uint8Array([1]), new Uint8Array()],
    ],
    ["VARCHAR", ["가😀", "", { a: 1 }, null], ["가😀", "", '{"a":1}', null]],
    ["BIGINT[]", [[1, null], [], null, ["3"]], [[1n, null], [], null, [3n]]],
    [
      "STRUCT(a INTEGER, b VARCHAR[])",
      [[1, ["x"]], { b: null, a: 2 }, null],
      [{ a: 1, b: ["x"] }, { a: 2, b: null }, null],
    ],
  ];
  for (const [type, values, expected] of cases) {
    const wanted = type === "DATE" ? [expected[0], yearOne(), expected[2]] : expected;
    expect([type, await read(type, values)]).toEqual([type, wanted]);
  }
});

function yearOne(): number {
  const date = new Date(0);
  date.setUTCFullYear(1, 0, 1);
  return date.getTime();
}

test("many rows come in several batches, in order", async () => {
  const schema = arrowSchema([{ name: "x", type: "INTEGER" }]);
  async function* rows() {
    for (let at = 0; at < 20_000; at++) yield [at];
  }
  const batches = await Array.fromAsync(rowsToBatches(schema, rows()));
  expect(batches.map(({ numRows }) => numRows)).toEqual([8192, 8192, 3616]);
  const read = await collectRows({ batches: toAsync(batches) });
  expect(read.every(({ x }, at) => x === at)).toBe(true);
});

async function* toAsync<T>(items: Iterable<T>): AsyncGenerator<T> {
  yield* items;
}
