import { expect, test } from "bun:test";
import fc from "fast-check";
import { parseExactly } from "../../../src/query/trino/json.ts";

test("integers that a number cannot hold come as text, all else as JSON.parse gives it", () => {
  const text =
    '{"data":[[9007199254740993,-1234567890123456789, 12, "9007199254740993,", 1.2345678901234567E16]]}';
  expect(parseExactly(text)).toEqual({
    data: [["9007199254740993", "-1234567890123456789", 12, "9007199254740993,", 12345678901234568]],
  });
});

test("no digit of any text or number is lost", () => {
  const Value = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.constantFrom("[1234567890123456789]", 'a",1234567890123456789,"b', "\\", null, true),
    fc.integer(),
  );
  fc.assert(
    fc.property(fc.array(fc.array(Value)), fc.bigInt({ min: 10n ** 15n, max: 10n ** 30n }), (rows, big) => {
      const text = `{"rows":${JSON.stringify(rows)},"big":[${big},${-big}]}`;
      const plain = JSON.parse(JSON.stringify(rows), (_, value) =>
        typeof value === "number" && Math.abs(value) >= 1e15 && /^-?\d+$/.test(JSON.stringify(value))
          ? JSON.stringify(value)
          : value,
      );
      expect(parseExactly(text)).toEqual({ rows: plain, big: [String(big), String(-big)] });
    }),
  );
});
