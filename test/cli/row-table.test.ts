import { expect, test } from "bun:test";
import { Table, Utf8, vectorFromArray } from "apache-arrow";
import fc from "fast-check";
import { fitWidths, layOutRows } from "../../src/cli/terminal/row-table.ts";

async function lay(values: Record<string, unknown[]>, width?: number) {
  const vectors = Object.entries(values).map(([name, texts]) => [name, vectorFromArray(texts, new Utf8())]);
  const table = new Table(Object.fromEntries(vectors));
  const columns = Object.keys(values).map((name) => ({ name, type: "VARCHAR" }));
  const batches = (async function* () {
    yield* table.batches;
  })();
  const laid = layOutRows(columns, batches, width);
  const text = (await Array.fromAsync(laid.lines)).join("");
  return { lines: text.split("\n").slice(0, -1), hidden: laid.hidden(), rowCount: laid.rowCount() };
}

test("no line is wider than the terminal: long texts are cut, then columns left out", async () => {
  const long = "가나다라마바사아자차카타파하".repeat(5);
  const { lines, hidden } = await lay({ a: ["short"], b: [long], c: [long] }, 40);
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(40);
  expect(lines[2]).toContain("…");
  expect(hidden).toEqual([]);
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`c${at}`, ["12345678"]]));
  const narrow = await lay(many, 40);
  for (const line of narrow.lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(40);
  expect(narrow.hidden).toEqual(["c4", "c5", "c6", "c7", "c8"]);
});

test("in a line that is too short digests go before what people read", async () => {
  const digest = "0123456789abcdef".repeat(4);
  const values = {
    hash: [digest, null],
    path: [`a/b/${digest}.jpg`, null],
    name: ["쪽-1.png", "쪽-2.png"],
    n: ["1", "2"],
  };
  const wide = await lay(values, 200);
  expect([wide.lines[0]?.split(/\s+/), wide.hidden]).toEqual([["hash", "path", "name", "n"], []]);
  const narrow = await lay(values, 21);
  expect(narrow.lines).toEqual([
    "hash      name      n",
    "────────  ────────  ─",
    "0123456…  쪽-1.png  1",
    "NULL      쪽-2.png  2",
  ]);
  expect(narrow.hidden).toEqual(["path"]);
  expect((await lay(values, 12)).hidden).toEqual(["hash", "path"]);
});

test("control characters, line breaks and huge texts do not break a line", async () => {
  const { lines, rowCount } = await lay({ a: ["x\ny\u001b[2J\tz", "q".repeat(5_000_000), null] }, 30);
  expect(lines).toHaveLength(5);
  expect(rowCount).toBe(3);
  expect(lines[2]).toBe("x y [2J z");
  expect(lines[4]).toBe("NULL");
});

test("thousands of rows are laid out as they come, under the widths of the first", async () => {
  const { lines } = await lay({ a: Array.from({ length: 5000 }, (_, at) => `row ${at}`) });
  expect(lines).toHaveLength(5002);
  expect(lines[5001]).toBe("row 49…");
});

test("widths always fit, and take no more away than they must", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 300 }),
      (wanted, lineWidth) => {
        const widths = fitWidths(wanted, lineWidth);
        const used = widths.reduce((sum, width) => sum + width, 0) + 2 * (widths.length - 1);
        expect(used).toBeLessThanOrEqual(lineWidth);
        expect(widths.every((width, at) => width >= 1 && width <= (wanted[at] as number))).toBe(true);
        const whole = wanted.reduce((sum, width) => sum + width, 0) + 2 * (wanted.length - 1);
        if (whole <= lineWidth) expect(widths).toEqual(wanted);
        else if (widths.length === wanted.length) expect(used).toBe(lineWidth);
      },
    ),
  );
});
