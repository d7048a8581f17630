import { expect, test } from "bun:test";
import fc from "fast-check";
import { createGroups, type GroupKey, nameOfKey } from "../../src/export/samples/groups.ts";
import { splitOfGroup } from "../../src/export/samples/split.ts";

const key = (rank: number, value: number): GroupKey => ({ rank, value: `v${value}` });
const rows = fc.array(
  fc.array(
    fc.tuple(fc.nat(2), fc.nat(40)).map(([rank, value]) => key(rank, value)),
    { minLength: 1, maxLength: 3 },
  ),
  { maxLength: 60 },
);

/** Groups by walking from row to row. */
function slowly(all: readonly GroupKey[][]): number[] {
  const groups = all.map((_, at) => at);
  for (let changed = true; changed; ) {
    changed = false;
    for (const [a, one] of all.entries()) {
      for (const [b, other] of all.entries()) {
        const linked = one.some((x) => other.some((y) => x.rank === y.rank && x.value === y.value));
        if (!linked || groups[a] === groups[b]) continue;
        groups[a] = groups[b] = Math.min(groups[a] ?? 0, groups[b] ?? 0);
        changed = true;
      }
    }
  }
  return groups;
}

test("rows that are linked, over any number of others, are one group, in any order", () => {
  fc.assert(
    fc.property(rows, fc.infiniteStream(fc.nat()), (all, order) => {
      const groups = createGroups();
      for (const row of all) groups.add(row);
      const names = all.map((row) => groups.nameOf(row));
      const expected = slowly(all);
      for (const [a] of all.entries())
        for (const [b] of all.entries()) expect(names[a] === names[b]).toBe(expected[a] === expected[b]);
      const other = createGroups();
      const shuffled = all.map((row) => ({ row, at: order.next().value as number }));
      for (const { row } of shuffled.sort((a, b) => a.at - b.at)) other.add(row.toReversed());
      expect(all.map((row) => other.nameOf(row))).toEqual(names);
    }),
  );
});

test("many values are kept apart", () => {
  const groups = createGroups();
  for (let at = 0; at < 20_000; at++) groups.add([key(0, at >> 1), key(1, at)]);
  const names = Array.from({ length: 20_000 }, (_, at) => groups.nameOf([key(1, at)]));
  expect(new Set(names).size).toBe(10_000);
  expect(names[6]).toBe(names[7] ?? "");
  expect(names[0]).toBe(nameOfKey(key(0, 0)));
});

test("parts get their shares, and a group stays in its part", () => {
  const shares = { train: 0.9, val: 0.05, test: 0.05 };
  const parts = Array.from({ length: 20_000 }, (_, at) => splitOfGroup(shares, `g${at}`));
  const share = (name: string) => parts.filter((part) => part === name).length / parts.length;
  expect(share("train")).toBeCloseTo(0.9, 1);
  expect(share("val")).toBeGreaterThan(0.04);
  expect(share("test")).toBeLessThan(0.06);
  expect(parts.slice(0, 8)).toEqual(Array.from({ length: 8 }, (_, at) => splitOfGroup(shares, `g${at}`)));
});
