import { expect, test } from "bun:test";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatQuantity,
  formatTime,
} from "../../src/util/format.ts";

test("formatBytes gives two or three digits in decimal units", () => {
  const sizes = [0, 999, 1000, 1234, 9949, 9960, 123_456, 999_499, 999_600, 1.5e9, 2e12, 7e15];
  expect(sizes.map(formatBytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.2 kB",
    "9.9 kB",
    "10 kB",
    "123 kB",
    "999 kB",
    "1.0 MB",
    "1.5 GB",
    "2.0 TB",
    "7.0 PB",
  ]);
});

test("formatCount and formatQuantity set thousands apart", () => {
  expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(["0", "999", "1,000", "1,234,567"]);
  expect(formatQuantity(1, "row")).toBe("1 row");
  expect(formatQuantity(2000, "row")).toBe("2,000 rows");
  expect(formatQuantity(2, "entry", "entries")).toBe("2 entries");
});

test("formatDuration names two units at most", () => {
  expect([0, 0.84, 9.94, 9.96, 59.4, 59.6, 185, 7620, 3 * 86400 + 4 * 3600].map(formatDuration)).toEqual([
    "0.0 s",
    "0.8 s",
    "9.9 s",
    "10 s",
    "59 s",
    "1 min 00 s",
    "3 min 05 s",
    "2 h 07 min",
    "3 d 4 h",
  ]);
});

test("formatTime is local to the minute", () => {
  const time = new Date(2026, 2, 1, 14, 5);
  expect(formatTime(time.toISOString())).toBe("2026-03-01 14:05");
  expect([formatTime(null), formatTime("soon")]).toEqual(["-", "soon"]);
});
