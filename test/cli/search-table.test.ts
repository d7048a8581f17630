import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { chooseColumns } from "../../src/cli/commands/search/columns.ts";
import {
  createFind,
  excerptOf,
  excerptWidth,
  fitExcerpt,
  joinExcerpt,
} from "../../src/cli/commands/search/excerpt.ts";
import { renderMatrix } from "../../src/cli/commands/search/matrix.ts";
import type { RowQuery } from "../../src/schema/query.ts";

function show(text: string, needle: string | string[], width: number, ignoreCase = false): string {
  const find = createFind([needle].flat(), ignoreCase);
  return joinExcerpt(fitExcerpt(excerptOf(text, find), width), find, (match) => `<${match}>`);
}

describe("an excerpt", () => {
  test("is the surroundings of what was found, not the start", () => {
    const text = `${"앞".repeat(300)} 서울 ${"뒤".repeat(300)}`;
    expect(show(text, "서울", 24)).toBe("…앞앞 <서울> 뒤뒤뒤뒤뒤뒤…");
    expect(show(text, "없다", 11)).toBe("앞앞앞앞앞…");
  });

  test("leaves room to the other side where one is short", () => {
    expect(show(`서울 ${"뒤".repeat(50)}`, "서울", 16)).toBe("<서울> 뒤뒤뒤뒤뒤…");
    expect(show(`${"앞".repeat(50)} 서울`, "서울", 16)).toBe("…앞앞앞앞앞 <서울>");
  });

  test("marks every place in it, in any case when told, however the text is composed", () => {
    expect(show("Seoul, SEOUL, seoul", "seoul", 40)).toBe("Seoul, SEOUL, <seoul>");
    expect(show("Seoul, SEOUL, seoul", "seoul", 40, true)).toBe("<Seoul>, <SEOUL>, <seoul>");
    expect(show("a 각 b".normalize("NFD"), "각", 40)).toBe("a <각> b");
    expect(show("İİ ΣΑΣ", "σας", 40, true)).toBe("İİ <ΣΑΣ>");
  });

  test("marks each of several words", () => {
    const text = `${"앞".repeat(50)} 합계 1,000원 카드`;
    expect(show(text, ["카드", "합계"], 26)).toBe("…앞앞앞 <합계> 1,000원 <카드>");
  });

  test("stands on one line, and keeps the terminal from what files say", () => {
    expect(show("a\n\u001b[31mb\tc", "b", 40)).toBe("a [31m<b> c");
    expect(show("a\nb", "a\nb", 40)).toBe("<a b>");
  });

  test("of any text fits into any width, and shows the match where that fits", () => {
    const piece = fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.constantFrom("서울", "🏙️", "👩‍👩‍👧", "각".normalize("NFD")),
    );
    const text = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""));
    fc.assert(
      fc.property(text, text, fc.integer({ min: 1, max: 60 }), (before, after, width) => {
        const find = createFind(["needle"], false);
        const excerpt = fitExcerpt(excerptOf(`${before}needle${after}`, find), width);
        expect(excerptWidth(excerpt)).toBeLessThanOrEqual(width);
        if (width >= 6 && !before.includes("needle")) expect(excerpt.match).toBe("needle");
      }),
    );
  });
});

test("the column that was searched shows what was found as it reads", () => {
  const shownOf = (value: string, query: RowQuery) => {
    const result = { columns: [{ name: "label", type: "VARCHAR" }], partitions: [] };
    const { shown } = chooseColumns(result, query);
    return shown.map(({ excerpt }) => Object.values(excerpt([() => value], 0)).join("|"));
  };
  const ascii = String.raw`{"t":"\uc601\uc218\uc99d 1","u":"\uac00"}`;
  expect(shownOf(ascii, { text: "수증" })).toEqual(["영|수증| 1"]);
  expect(shownOf(ascii, { text: "uac" })).toEqual([String.raw`{"t":"\uc601\uc218\uc99d 1","u":"\|uac|00"}`]);
  const at = { column: "label", json_path: "$.n" };
  expect(shownOf('{"n":[12500,7,"25"]}', { ...at, text: "25" })).toEqual(["1|25|00 · 25"]);
  expect(shownOf('{"n":[false,true,null,"x"]}', { ...at, text: "tru" })).toEqual(["|tru|e"]);
});

test("the name of a row goes before its other columns, digests are left out", () => {
  const columns = ["label", "lang", "hash", "width", "source_name", "source_hash"].map((name) => ({
    name,
    type: name === "width" ? "INTEGER" : "VARCHAR",
  }));
  const titlesOf = (query: RowQuery) => {
    const { shown, left } = chooseColumns({ columns, partitions: [] }, query);
    return [shown.map(({ title }) => title), left];
  };
  const digests = ["hash", "source_hash"];
  expect(titlesOf({})).toEqual([["source_name", "label", "lang", "width"], digests]);
  expect(titlesOf({ text: "a" })).toEqual([["source_name", "label", "lang", "width"], digests]);
  const ofLabel = { text: "a", column: "label" };
  expect(titlesOf(ofLabel)).toEqual([["label", "source_name", "lang", "width"], digests]);
});

describe("the matrix of what exists", () => {
  const count = (dataset: string, task: string, rows: number) => {
    return { provider: "aihub", dataset, task, variant: "v", rows };
  };

  test("has datasets down, tasks and variants across", () => {
    const partitions = [count("책", "ocr", 1200), count("책", "raw", 7), count("간판", "raw", 30)];
    expect(renderMatrix(partitions)).toEqual([
      "            ocr/v  raw/v",
      "aihub/책    1,200      7",
      "aihub/간판      ·     30",
    ]);
  });

  test("keeps to the screen, and says what it leaves out", () => {
    const partitions = Array.from({ length: 100 }, (_, at) => count(`d${at}`, `task-${at % 12}`, at));
    const lines = renderMatrix(partitions, 60);
    for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThanOrEqual(60);
    expect(lines.length).toBeLessThan(40);
    expect(lines.slice(-2)).toEqual([
      "and 70 datasets more",
      expect.stringMatching(/^and \d+ tasks\/variants more$/),
    ]);
  });
});
