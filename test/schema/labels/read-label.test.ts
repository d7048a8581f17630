import { describe, expect, test } from "bun:test";
import type { FaultKind } from "../../../src/schema/labels/faults.ts";
import { checkView, resolveView } from "../../../src/schema/labels/given-view.ts";
import { compileView } from "../../../src/schema/labels/read-label.ts";
import type { Page } from "../../../src/schema/labels/region.ts";
import { SHAPES } from "../../../src/schema/labels/shapes.ts";
import { SAMPLES } from "./samples.ts";

const PAGE: Page = { width: 200, height: 100 };

function read(view: unknown, label: unknown, page: Page | null = PAGE) {
  return compileView(resolveView(view, "test"))(label, page);
}

describe("built-in shapes", () => {
  for (const { shape, label, regions } of SAMPLES) {
    test(shape, () => {
      const found = read(shape, label);
      expect(found.faults).toEqual([]);
      expect(found.regions).toEqual(
        regions.map((region) => ({
          text: null,
          category: null,
          isUnreadable: false,
          order: null,
          group: null,
          page: null,
          ...region,
        })),
      );
    });
  }

  test("docvqa", () => {
    const label = {
      questionId: 337,
      question: "합계는?",
      answers: ["1,000원", "1000"],
      question_types: ["form"],
    };
    const { questions, regions, faults } = read("docvqa", label);
    expect(questions).toEqual([
      { id: "337", question: "합계는?", answers: ["1,000원", "1000"], kinds: ["form"] },
    ]);
    expect([regions, faults]).toEqual([[], []]);
  });

  test("each is a view, has a name of its own and a sample", () => {
    const names = SHAPES.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const sampled = new Set([...SAMPLES.map(({ shape }) => shape), "docvqa"]);
    for (const { name, view } of SHAPES) {
      expect([name, checkView(view)]).toEqual([name, { view: expect.anything() }]);
      expect([name, sampled.has(name)]).toEqual([name, true]);
    }
  });
});

describe("regions", () => {
  const words = { items: "$.words", box: "b", form: "xyxy", text: "t" };

  test("are in the order of the label's own numbers", () => {
    const label = {
      words: [
        { t: "을", b: [0, 0, 1, 1], n: 2, p: 1 },
        { t: "갑", b: [0, 0, 1, 1], n: 1, p: 0 },
      ],
    };
    const { regions, faults } = read({ ...words, unit: 1, order: "n", page: "p" }, label);
    expect(regions.map(({ text, order, page }) => [text, order, page])).toEqual([
      ["갑", 1, 0],
      ["을", 2, 1],
    ]);
    expect(faults).toEqual([]); // counted over the pages
    const perPage = label.words.map((word) => ({ ...word, n: 1 }));
    expect(read({ ...words, unit: 1, order: "n", page: "p" }, { words: perPage }).faults).toEqual([]);
    const holes = label.words.map((word) => ({ ...word, n: word.n * 3 }));
    expect(read({ ...words, unit: 1, order: "n", page: "p" }, { words: holes }).faults).toMatchObject([
      { kind: "order_holes", message: "the order of page 0 begins with 3" },
      { kind: "order_holes", message: "the order of page 1 begins with 6" },
    ]);
  });

  test("of a rotated image are turned with it where the view says so", () => {
    const label = { words: [{ t: "a", b: [10, 20, 30, 60] }] };
    const turned = (orientation: number) =>
      read({ ...words, exif: "ignored" }, label, { ...PAGE, orientation }).regions[0]?.polygon;
    // The upright page is 200 x 100; stored sideways it is 100 x 200.
    expect(turned(1)?.[0]).toEqual([10, 20]);
    expect([turned(3)?.[0], turned(3)?.[2]]).toEqual([
      [170, 40],
      [190, 80],
    ]);
    expect([turned(6)?.[0], turned(6)?.[2]]).toEqual([
      [140, 10],
      [180, 30],
    ]);
    expect([turned(8)?.[0], turned(8)?.[2]]).toEqual([
      [20, 70],
      [60, 90],
    ]);
  });

  test("in pixels need no page; others do", () => {
    const label = { words: [{ t: "a", b: [10, 20, 30, 40] }] };
    expect(read(words, label, null).regions[0]?.polygon[2]).toEqual([30, 40]);
    expect(read({ ...words, unit: 100 }, label, null).faults.map(({ kind }) => kind)).toEqual(["no_page"]);
  });

  test("values of objects, elements by number, keys with dots and climbing", () => {
    const label = { "a.b": { 7: { kind: "x", list: [{ t: ["no", "yes"], b: [0, 0, 1, 1] }] } } };
    const view = { items: '$."a.b".*.list', box: "b", form: "xyxy", text: "t[1]", category: "^.kind" };
    expect(read(view, label).regions).toMatchObject([{ text: "yes", category: "x" }]);
  });
});

describe("faults name kind and place, and cost no other region", () => {
  const view = {
    items: "$.words",
    box: "b",
    form: "xyxy",
    text: "t",
    category: "c",
    categories: ["title"],
    order: "n",
  };
  const good = { b: [0, 0, 10, 10], t: "a", c: "title", n: 0 };
  const cases: [FaultKind, object, isLost?: boolean][] = [
    ["box_missing", { b: null }, true],
    ["box_unreadable", { b: [1, 2, 3] }, true],
    ["box_unreadable", { b: [1, 2, 3, "x"] }, true],
    ["box_inverted", { b: [30, 0, 20, 10] }, true],
    ["box_rotated", { rotation: 45 }, true],
    ["box_empty", { b: [5, 5, 5, 9] }],
    ["box_outside", { b: [0, 0, 201, 10] }],
    ["box_outside", { b: [-1, 0, 20, 10] }],
    ["text_no_string", { t: 3 }],
    ["text_several", { t: ["a", "b"] }],
    ["category_no_name", { c: { a: 1 } }],
    ["category_several", { c: ["title", "text"] }],
    ["category_unknown", { c: "table" }],
    ["order_no_number", { n: "first" }],
    ["order_repeated", { n: 0 }],
    ["order_holes", { n: 5 }],
  ];
  for (const [kind, change, isLost] of cases) {
    test(`${kind} ${JSON.stringify(change)}`, () => {
      const { regions, faults } = read(view, { words: [good, { ...good, n: 1, ...change }] });
      const kinds = faults.map((fault) => fault.kind).filter((one) => one !== "order_holes" || kind === one);
      expect(kinds).toEqual([kind]);
      expect(regions.length).toBe(isLost === true ? 1 : 2);
      const fault = faults.find((one) => one.kind === kind);
      if (!kind.startsWith("order_") || kind === "order_no_number") expect(fault?.at).toBe("$.words[1]");
    });
  }

  test("half a pixel outside is rounding", () => {
    expect(read(view, { words: [{ ...good, b: [-0.5, 0, 200.5, 100] }] }).faults).toEqual([]);
  });

  test("a label that has nothing there, and lists side by side", () => {
    expect(read(view, {}).faults).toMatchObject([{ kind: "no_items", at: "$" }]);
    expect(read(view, { words: [] }).faults).toEqual([]);
    const parallel = {
      tokens: ["a", "b"],
      words: [
        [0, 0, 1, 1],
        [2, 2, 3, 3],
      ],
    };
    expect(read(view, parallel).faults).toMatchObject([{ kind: "no_object", at: "$.words[0][0]" }]);
  });

  test("a size that is not there, or of the page on its side", () => {
    const sized = { items: "$.words", box: "b", form: "xyxy", size: ["$.w", "$.h"] };
    const label = { words: [{ b: [0, 0, 10, 10] }] };
    expect(read(sized, label).faults).toMatchObject([{ kind: "no_size" }]);
    expect(read(sized, { ...label, w: 100, h: 200 }).faults).toMatchObject([{ kind: "size_turned" }]);
    const ignored = read(
      { ...sized, exif: "ignored" },
      { ...label, w: 100, h: 200 },
      { ...PAGE, orientation: 6 },
    );
    expect(ignored.faults).toEqual([]);
  });

  test("an id without a name, and a question without a text", () => {
    const coco = { annotations: [{ bbox: [0, 0, 1, 1], category_id: 3 }] };
    expect(read("coco", coco).faults).toMatchObject([{ kind: "category_unknown", region: 0 }]);
    expect(read("docvqa", { question: "q", answers: [1] }).faults).toMatchObject([
      { kind: "question_no_string" },
    ]);
    expect(read("docvqa", { answers: ["1"] }).faults).toMatchObject([{ kind: "no_items" }]);
  });
});
