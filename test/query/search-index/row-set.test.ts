import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  addRow,
  countWithin,
  createRowSet,
  hasRow,
  rowsWithin,
  sliceRows,
} from "../../../src/query/search-index/row-set.ts";

test("a slice of a set is that of its rows, wherever it begins", () => {
  const size = 300;
  const number = fc.nat(size);
  fc.assert(
    fc.property(fc.array(fc.nat(size - 1)), number, number, number, number, (rows, a, b, skip, count) => {
      const set = createRowSet(size);
      for (const row of rows) addRow(set, row);
      const [start, end] = [Math.min(a, b), Math.max(a, b)];
      const within = [...new Set(rows)].sort((x, y) => x - y).filter((row) => row >= start && row < end);
      expect([...rowsWithin(set, start, end)]).toEqual(within);
      expect(countWithin(set, start, end)).toBe(within.length);
      expect(sliceRows(set, start, end, skip, count)).toEqual(within.slice(skip, skip + count));
      for (const row of rows) expect(hasRow(set, row)).toBe(true);
    }),
  );
});
