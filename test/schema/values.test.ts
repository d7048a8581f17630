import { expect, test } from "bun:test";
import fc from "fast-check";
import { isColumnType } from "../../src/schema/column-types.ts";
import { isShallow, isTime } from "../../src/schema/values.ts";

test("a time is one that there is, with its zone", () => {
  for (const time of [
    "2026-11-29T11:04:50.123Z",
    "2024-02-29T00:00:00Z",
    "2026-01-01T09:00+09:00",
    "1970-01-01T00:00:00.000000001-11:30",
  ]) {
    expect([time, isTime(time)]).toEqual([time, true]);
  }
  for (const text of [
    "yesterday",
    "",
    "2026-11-29",
    "2026-11-29T11:04:50",
    "2026-02-30T00:00:00Z",
    "2023-02-29T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-01-01T24:00:00Z",
    "2026-01-01T00:60:00Z",
    "0000-01-01T00:00:00Z",
    "99999-01-01T00:00:00Z",
    "2026-11-29T11:04:50Z\n",
    "\u001b[2J",
  ]) {
    expect([text, isTime(text)]).toEqual([text, false]);
  }
});

test("every time of a clock is one, and the same in UTC", () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }), (date) => {
      expect(isTime(date.toISOString())).toBe(true);
    }),
  );
});

test("the type of a column is one that a database knows, and no other SQL", () => {
  for (const type of [
    "VARCHAR",
    "BIGINT[]",
    "STRUCT(a INTEGER)",
    'STRUCT("a b" INTEGER[], c DATE)[]',
    'STRUCT("quo""te, (" DECIMAL(18,3), "end" TIMESTAMP)',
    "FLOAT[512]",
    "TIMESTAMP WITH TIME ZONE",
    "NULL",
  ]) {
    expect([type, isColumnType(type)]).toEqual([type, true]);
  }
  for (const type of [
    "",
    "varchar",
    "NOPE",
    "VARCHAR); DROP TABLE catalog; --",
    "STRUCT()",
    "STRUCT(a)",
    "DECIMAL(99,1)",
    "DECIMAL(3,5)",
    "constructor",
    "__proto__",
    `BIGINT${"[]".repeat(50_000)}`,
    `${"STRUCT(a ".repeat(5000)}BIGINT${")".repeat(5000)}`,
    `STRUCT(${"a BIGINT, ".repeat(20_000)})`,
  ]) {
    expect([type.slice(0, 40), isColumnType(type)]).toEqual([type.slice(0, 40), false]);
  }
});

test("what nests too deep to be walked is seen without walking it", () => {
  let deep: unknown = 1;
  for (let at = 0; at < 100_000; at++) deep = [deep];
  expect(isShallow(deep)).toBe(false);
  expect(isShallow({ a: [{ b: [1, 2, { c: null }] }], d: "x".repeat(1000) })).toBe(true);
});
