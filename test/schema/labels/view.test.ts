import { describe, expect, test } from "bun:test";
import { checkView, resolveView, unwrapView } from "../../../src/schema/labels/given-view.ts";
import { codeOf } from "../../code-of.ts";

const view = { items: "$.words", box: "b", form: "xyxy" };

test("a shape by its name, with fields of its own, or a mapping", () => {
  expect(resolveView("funsd", "x")).toMatchObject({ items: "$.form", form: "xyxy" });
  expect(resolveView({ shape: "funsd", items: "$.pages.form" }, "x")).toMatchObject({
    items: "$.pages.form",
    category: "label",
  });
  const parts = { x: "x", y: "y", w: "w", h: "h" };
  expect(resolveView({ shape: "funsd", box: parts }, "x").form).toBeUndefined();
  // The form of a shape of several places is that of its four numbers.
  expect(resolveView({ shape: "coco", form: "xyxy" }, "x")).toEqual({
    ...resolveView("coco", "x"),
    box: [
      { path: "bbox", form: "xyxy" },
      { path: "segmentation", form: "poly" },
    ],
  });
  expect(resolveView(view, "x")).toEqual(view as never);
  expect(unwrapView({ view })).toEqual(view);
  expect(unwrapView(view)).toEqual(view);
});

describe("one sentence for what is wrong", () => {
  const cases: [unknown, string][] = [
    ["funds", 'there is no shape "funds"; they are aihub-public'],
    [{ shape: "x" }, 'there is no shape "x"'],
    [3, "it is no mapping"],
    [{}, "neither items nor questions"],
    [{ items: "$" }, "box is missing"],
    [{ ...view, boxes: "b" }, 'there is no field "boxes"'],
    [{ items: "$", box: "b" }, "form is missing"],
    [{ items: "$", box: { x: "a", y: "b" } }, "box: has the keys x, y; write one path, or {x, y, w, h}"],
    [{ items: "$", box: { xs: "x", ys: "y" }, form: "poly" }, "form is of a box that is one path"],
    [{ items: "$", box: [{ path: "b", form: "xyxy" }], form: "xyxy" }, "each path has its own: {path, form}"],
    [{ items: "$", box: [{ path: "b" }] }, "box.0.form"],
    [{ items: "$", box: [{ path: "b", form: "quad" }] }, "box.0.form: is not a form"],
    [{ items: "$", box: ["b"] }, "box.0"],
    [{ items: "$", box: [] }, "box: is an empty list"],
    [{ items: "$", box: [{ x: "a", y: "b" }] }, "box.0: has the keys x, y"],
    [{ shape: "coco", form: "quad" }, "box.0.form: is not a form"],
    [{ shape: "label-studio", form: "xyxy" }, "each path has its own: {path, form}"],
    [{ shape: "aihub-finance", form: "xyxy" }, "the keys of box say it here"],
    [{ ...view, category: [] }, "category: is an empty list"],
    [{ ...view, text: ["a", ""] }, 'text.1: the path "" is empty'],
    [{ ...view, items: "$.a b" }, 'items: the path "$.a b" cannot be read from " b" on'],
    [{ ...view, text: "" }, 'text: the path "" is empty'],
    [{ ...view, text: 3 }, "text: is not a path"],
    [{ ...view, box: { xs: "x", ys: "" } }, 'box.ys: the path "" is empty'],
    [{ ...view, unit: 10 }, "unit: is not a unit"],
    [{ ...view, form: "quad" }, "form: is not a form"],
    [{ ...view, size: [100] }, "size"],
    [{ ...view, size: [100, -1] }, "size.1: is no size in pixels"],
    [{ ...view, unit: 100, size: [1, 1] }, "size is of boxes in pixels"],
    [{ ...view, names: { table: { 1: "a" } } }, "category is missing"],
    [{ questions: { question: "q" }, text: "t" }, "text is of regions"],
    [{ questions: {} }, "questions.question is missing"],
    [{ ...view, text: "a".repeat(2000) }, "text: the path is longer"],
  ];
  for (const [given, sentence] of cases) {
    test(JSON.stringify(given).slice(0, 80), () => {
      const checked = checkView(given);
      expect("problem" in checked ? checked.problem : "none").toContain(sentence);
    });
  }

  test("with its place and code", async () => {
    expect(await codeOf(Promise.resolve().then(() => resolveView({}, "views/한글.yaml")))).toBe(
      "invalid_view",
    );
    expect(() => resolveView({}, "views/한글.yaml")).toThrow("views/한글.yaml: ");
  });
});
