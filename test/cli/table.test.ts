import { expect, test } from "bun:test";
import fc from "fast-check";
import { cutCell, graphemes, padCell, renderTable } from "../../src/cli/terminal/table.ts";

test("columns stand under each other, numbers at the right, 한글 as wide as it is", () => {
  const text = renderTable(
    [{ title: "dataset" }, { title: "rows", align: "right" }, { title: "note" }],
    [
      ["영수증", "1,234", "a"],
      ["coco_2017", "7", ""],
    ],
  );
  expect(text).toBe("dataset     rows  note\n영수증     1,234  a\ncoco_2017      7");
});

test("a line break or a control character in a value does not break the table", () => {
  expect(renderTable([{ title: "a" }], [["x\ny\u001b[2J"]])).toBe("a\nx y [2J");
});

test("cutCell never exceeds the width and keeps what fits", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 2, max: 30 }), (text, width) => {
      const cut = cutCell(text, width);
      expect(Bun.stringWidth(cut)).toBeLessThanOrEqual(width);
      if (Bun.stringWidth(text) <= width) expect(cut).toBe(text);
    }),
  );
  expect(cutCell("가나다라", 5)).toBe("가나…");
});

test("a text is taken apart as people read it", () => {
  const letters = fc.constantFrom(
    "가",
    "ᄀ",
    "ᅡ",
    "ᆨ",
    "漢",
    "a",
    " ",
    "…",
    "\u0301",
    "\u200d",
    "👨",
    "\r",
    "\n",
  );
  fc.assert(
    fc.property(
      fc.array(letters).map((all) => all.join("")),
      (text) => {
        expect(graphemes(text)).toEqual(
          Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment),
        );
      },
    ),
  );
});

test("padCell fills to the width", () => {
  expect([padCell("가", 4), padCell("7", 3, "right"), padCell("long", 2)]).toEqual(["가  ", "  7", "long"]);
});
