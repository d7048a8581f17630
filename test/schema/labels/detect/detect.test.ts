import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { detectView } from "../../../../src/schema/labels/detect/detect.ts";
import type { SampledRow } from "../../../../src/schema/labels/detect/sample.ts";
import type { Page } from "../../../../src/schema/labels/region.ts";
import { SHAPES } from "../../../../src/schema/labels/shapes.ts";
import { SAMPLES } from "../samples.ts";

const PAGE: Page = { width: 200, height: 100 };

function rowsOf(labels: unknown[], page: Page | null = PAGE): SampledRow[] {
  return labels.map((label) => ({ cells: { label: JSON.stringify(label), source_name: "가.jpg" }, page }));
}

function words(...boxes: number[][]) {
  return { words: boxes.map((bbox) => ({ text: "가", bbox })) };
}

describe("built-in shapes are found by their keys", () => {
  for (const { shape, label } of SAMPLES.filter((sample) => sample.shape !== "publaynet")) {
    test(shape, () => {
      const found = detectView(rowsOf([label, label, label]));
      const named = [...found.readings.map(({ view }) => view), ...found.also];
      // The words of FUNSD are in labels of its entities.
      if (shape === "funsd-words") expect(named).toContain(shape);
      else expect(found).toMatchObject({ readings: [{ view: shape, agree: 3 }], sampled: 3, labelled: 3 });
    });
  }

  test("questions in a label, and in columns of their own", () => {
    const label = { questionId: 1, question: "합계?", answers: ["1"], question_types: ["form"] };
    expect(detectView(rowsOf([label])).readings).toMatchObject([{ view: "docvqa", agree: 1 }]);
    const columns = { cells: { ...label, answers: ["1"], question_types: null }, page: PAGE };
    expect(detectView([columns]).readings).toMatchObject([{ view: { shape: "docvqa", column: "*" } }]);
  });

  test("a label in another column", () => {
    const label = SAMPLES.find(({ shape }) => shape === "cord")?.label;
    const rows = rowsOf([label]).map(({ cells, page }) => ({ cells: { ground_truth: cells.label }, page }));
    expect(detectView(rows).readings).toMatchObject([{ view: { shape: "cord", column: "ground_truth" } }]);
  });

  test("a page without regions does not speak against one, a page of another shape does", () => {
    const coco = SAMPLES.find(({ shape }) => shape === "coco")?.label;
    const empty = { annotations: [], categories: [] };
    expect(detectView(rowsOf([coco, empty, empty, empty])).readings).toMatchObject([
      { view: "coco", agree: 4 },
    ]);
    expect(detectView(rowsOf([coco, coco, { odd: 1 }])).readings).toMatchObject([{ view: "coco", agree: 2 }]);
  });

  test("a distinct shape with other boxes than it has says so", () => {
    const form = [{ box: [150, 20, 40, 60], text: "a", label: "other", linking: [], id: 0 }];
    expect(detectView(rowsOf([{ form }])).readings).toMatchObject([
      { view: { shape: "funsd", form: "xywh" } },
    ]);
  });
});

test("a wrong box or two do not make another shape of a distinct one", () => {
  const form = (box: number[]) => ({ form: [{ box, text: "a", label: "other", linking: [], id: 0 }] });
  const good = Array.from({ length: 10 }, (_, at) => form([10, 10, 50 + at, 40]));
  const bad = [form([10, 10, 5, 40]), form([10, 10, 50, 400])];
  expect(detectView(rowsOf([...good, ...bad])).readings).toMatchObject([
    { view: "funsd", agree: 10, faults: { box_inverted: 1, box_outside: 1 } },
  ]);
});

test("labels of several shapes are told apart", () => {
  const of = (name: string) => SAMPLES.find(({ shape }) => shape === name)?.label;
  const { problem } = detectView(rowsOf([of("coco"), of("sroie"), words([1, 1, 2, 2])]));
  expect(problem).toContain("coco in 1");
  expect(problem).toContain("boxes at $.words in 1");
  expect(problem).toContain("select the partitions of one");
});

describe("form and unit of other lists", () => {
  const formsOf = (...args: Parameters<typeof detectView>) =>
    detectView(...args).readings.map(({ form, unit }) => [form, unit]);

  test("x2 < x1 means xywh", () => {
    expect(detectView(rowsOf([words([150, 60, 40, 30])])).readings).toMatchObject([
      { view: { items: "$.words", box: "bbox", form: "xywh", text: "text" }, shape: null },
    ]);
  });

  test("x + w beyond the page means xyxy", () => {
    expect(formsOf(rowsOf([words([150, 60, 190, 90])]))).toEqual([["xyxy", "px"]]);
  });

  test("where both fit, both are told with an example, and none is chosen", () => {
    const found = detectView(rowsOf([words([10, 20, 30, 40]), words([0, 0, 10, 10])]));
    expect(found.readings).toMatchObject([
      { form: "xyxy", unit: "px", agree: 2, example: { x1: 10, y1: 20, x2: 30, y2: 40 } },
      { form: "xywh", unit: "px", agree: 2, example: { x1: 10, y1: 20, x2: 40, y2: 60 } },
    ]);
    expect(found.example).toEqual({ row: 0, box: [10, 20, 30, 40] });
    expect(formsOf(rowsOf([words([10, 20, 30, 40])]), { form: "xywh" })).toEqual([["xywh", "px"]]);
  });

  test("area and segmentation tell what the numbers alone do not", () => {
    const one = { category_id: 1, bbox: [10, 20, 30, 40] };
    const found = (more: object) => formsOf(rowsOf([{ annotations: [{ ...one, ...more }], categories: [] }]));
    expect(found({})).toEqual([
      ["xyxy", "px"],
      ["xywh", "px"],
    ]);
    expect(found({ area: 1200 })).toEqual([["xywh", "px"]]);
    expect(found({ area: 400 })).toEqual([["xyxy", "px"]]);
    expect(found({ segmentation: [[10, 20, 40, 20, 40, 60, 10, 60]] })).toEqual([["xywh", "px"]]);
  });

  test("numbers up to 1 are parts of the page, and original_width means percent", () => {
    expect(formsOf(rowsOf([words([0.6, 0.6, 0.9, 0.9])]))).toEqual([["xyxy", 1]]);
    expect(formsOf(rowsOf([words([0.7, 0.7, 0.2, 0.2])]))).toEqual([
      ["xywh", 1],
      ["cxcywh", 1],
    ]);
    const box = { x: 1, y: 2, width: 3, height: 4 };
    const percent = { items: [{ box, text: "a", original_width: 200 }] };
    expect(detectView(rowsOf([percent])).readings).toMatchObject([
      { unit: 100, view: { box: { x: "box.x", y: "box.y", w: "box.width", h: "box.height" } } },
    ]);
  });

  test("numbers beyond the page, but not beyond 1000, are thousandths", () => {
    expect(formsOf(rowsOf([words([150, 600, 990, 900])]))).toEqual([["xyxy", 1000]]);
  });

  test("many large pages without a number above 1000 leave both units open", () => {
    const rows = rowsOf(
      Array.from({ length: 30 }, (_, at) => words([900, 20 + at, 950, 960])),
      { width: 2480, height: 3508 },
    );
    expect(formsOf(rows)).toEqual([
      ["xyxy", "px"],
      ["xywh", "px"],
      ["xyxy", 1000],
    ]);
  });

  test("boxes of another size than the page's, which the label tells", () => {
    const label = { image: { width: 2000, height: 1000 }, ...words([1500, 600, 1900, 900]) };
    expect(detectView(rowsOf([label])).readings).toMatchObject([
      { view: { form: "xyxy", size: ["$.image.width", "$.image.height"] } },
    ]);
    const small = { image: { width: 400, height: 200 }, ...words([150, 60, 190, 90]) };
    expect(detectView(rowsOf([small])).readings.length).toBe(3);
  });

  test("objects by ids, polygons, and the lists of two levels", () => {
    const polygon = [
      [1, 1],
      [9, 1],
      [9, 9],
    ];
    const byId = { words: { "0001": { points: polygon, transcription: "서울" } } };
    expect(detectView(rowsOf([byId])).readings).toMatchObject([
      { view: { items: "$.words.*", box: "points", form: "poly", text: "transcription" } },
    ]);
    const numbers = { words: { w1: { x: 150, y: 10, w: 40, h: 20 } } };
    expect(detectView(rowsOf([numbers])).readings.map(({ full }) => full.items)).toEqual(["$.words.*"]);
    const nested = { lines: [{ poly: polygon, words: [{ poly: polygon }] }] };
    const items = detectView(rowsOf([nested])).readings.map(({ full }) => full.items);
    expect(items).toEqual(["$.lines", "$.lines.words"]);
  });
});

describe("what views do not read is refused with what to do", () => {
  const problemOf = (cells: Record<string, unknown>) => detectView([{ cells, page: PAGE }]);

  test("lists side by side, in a label and in columns", () => {
    const lists = {
      tokens: ["a", "b"],
      bboxes: [
        [0, 0, 1, 1],
        [1, 1, 2, 2],
      ],
    };
    for (const cells of [
      { label: JSON.stringify(lists) },
      { label: JSON.stringify({ objects: lists }) },
      lists,
    ]) {
      const { readings, problem } = problemOf(cells);
      expect([readings, problem]).toEqual([[], expect.stringContaining("tokens, bboxes run side by side")]);
    }
  });

  test("lines of text", () => {
    const label = "377,117,463,117,465,130,378,130,Genaxis Theatre\n493,115,519,115,519,131,493,131,[06]\n";
    expect(problemOf({ label }).problem).toContain("lines of text");
  });

  test("boxes that are turned by an angle", () => {
    const label = SAMPLES.find(({ shape }) => shape === "label-studio")?.label;
    const turned = JSON.parse(JSON.stringify(label).replaceAll('"rotation":0', '"rotation":12'));
    expect(detectView(rowsOf([turned])).problem).toContain("turned by 12 degrees");
    expect(detectView(rowsOf([label, label, turned])).readings).toMatchObject([
      { view: "label-studio", agree: 2, faults: { box_rotated: 1 } },
    ]);
  });

  test("nothing at all", () => {
    expect(problemOf({ label: null, a: "b" }).problem).toContain("no column of the rows holds objects");
    expect(problemOf({ label: '{"a":[1,2]}' }).problem).toContain("its keys are a");
    expect(problemOf({ label: JSON.stringify(words([-500, 0, 5000, 1])) }).problem).toContain(
      "1 of 1 labels",
    );
    expect(detectView([]).readings).toEqual([]);
  });
});

test("any boxes in any form and unit: what they were written in is never left out", () => {
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  const boxes = fc.array(fc.tuple(share, share, share, share), { minLength: 1, maxLength: 8 });
  const side = fc.integer({ min: 30, max: 5000 });
  const form = fc.constantFrom("xyxy", "xywh", "cxcywh");
  const unit = fc.constantFrom<"px" | 1>("px", 1);
  fc.assert(
    fc.property(
      fc.array(boxes, { minLength: 1, maxLength: 20 }),
      side,
      side,
      form,
      unit,
      (pages, width, height, as, per) => {
        fc.pre(as !== "cxcywh" || per === 1);
        const [w, h] = per === 1 ? [1, 1] : [width, height];
        const labels = pages.map((some) =>
          words(
            ...some.map(([a, b, c, d]) => {
              const [x1, x2] = [Math.min(a, c) * w, Math.max(a, c) * w];
              const [y1, y2] = [Math.min(b, d) * h, Math.max(b, d) * h];
              if (as === "xyxy") return [x1, y1, x2, y2];
              return as === "xywh"
                ? [x1, y1, x2 - x1, y2 - y1]
                : [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
            }),
          ),
        );
        // All of them within one pixel: nobody could tell.
        fc.pre(per === 1 || pages.flat(2).some((part) => part * Math.min(w, h) > 1));
        const found = detectView(rowsOf(labels, { width, height })).readings.map((one) => [
          one.form,
          one.unit,
        ]);
        expect(found).toContainEqual([as, per]);
      },
    ),
    { numRuns: 500 },
  );
});

test("whatever labels are, detection ends with readings or a problem", () => {
  const names = fc.constantFrom(
    "label",
    "annotations",
    "words",
    "bbox",
    "box",
    "points",
    "x",
    "y",
    "text",
    "question",
  );
  const json = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue(),
      fc.integer({ min: -5, max: 1200 }),
      fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 4, maxLength: 8 }),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(names, tie("value"), { maxKeys: 5 }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.array(json, { maxLength: 5 }), (labels) => {
      const { readings, problem } = detectView(rowsOf(labels));
      expect(readings.length > 0).toBe(problem === null);
    }),
  );
});

test("each shape but those that look like another is found by one of the samples", () => {
  const names = new Set(SAMPLES.map(({ shape }) => shape));
  expect(SHAPES.filter(({ name }) => !names.has(name)).map(({ name }) => name)).toEqual(["docvqa"]);
});
