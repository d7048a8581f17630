/** Whatever the form and the unit that a box is written in, it comes back where it was. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { compileView } from "../../../src/schema/labels/read-label.ts";
import { boundsOf, type Point } from "../../../src/schema/labels/region.ts";
import { readRowLabel } from "../../../src/schema/labels/row-label.ts";
import type { View } from "../../../src/schema/labels/view.ts";

const side = fc.integer({ min: 1, max: 12_000 });
const page = fc.record({
  width: side,
  height: side,
  orientation: fc.option(fc.integer({ min: 1, max: 8 })),
});
const share = fc.double({ min: 0, max: 1, noNaN: true });
const corners = fc.tuple(share, share, share, share);

/** How the label writes a box: the view that reads it, and the value. */
interface Writing {
  view: Partial<View>;
  write(x1: number, y1: number, x2: number, y2: number): object;
}
const PARTS = ["x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"];
const WRITINGS: Record<string, Writing> = {
  xyxy: { view: { box: "b", form: "xyxy" }, write: (...b) => ({ b }) },
  xywh: { view: { box: "b", form: "xywh" }, write: (a, b, c, d) => ({ b: [a, b, c - a, d - b] }) },
  cxcywh: {
    view: { box: "b", form: "cxcywh" },
    write: (a, b, c, d) => ({ b: [(a + c) / 2, (b + d) / 2, c - a, d - b] }),
  },
  "the second of several places": {
    view: {
      box: [
        { path: "mask", form: "poly" },
        { path: "b", form: "xyxy" },
      ],
    },
    write: (...b) => ({ b, mask: { counts: [1] } }),
  },
  "texts of numbers": {
    view: { box: "b", form: "xyxy" },
    write: (...b) => ({ b: b.map((number) => number.toFixed(9)) }),
  },
  points: {
    view: { box: "b", form: "poly" },
    write: (a, b, c, d) => ({
      b: [
        [a, b],
        [c, b],
        [c, d],
        [a, d],
      ],
    }),
  },
  "objects of x and y": {
    view: { box: "b", form: "poly" },
    write: (a, b, c, d) => ({
      b: [
        { x: a, y: b },
        { x: c, y: b },
        { x: c, y: d },
        { x: a, y: d },
      ],
    }),
  },
  "eight numbers": {
    view: { box: "b", form: "poly" },
    write: (a, b, c, d) => ({ b: [a, b, c, b, c, d, a, d] }),
  },
  segmentation: {
    view: { box: "b", form: "poly" },
    write: (a, b, c, d) => ({ b: [[a, b, c, b, c, d, a, d]] }),
  },
  "keys of width and height": {
    view: { box: { x: "p.x", y: "p.y", w: "p.w", h: "p.h" } },
    write: (a, b, c, d) => ({ p: { x: a, y: b, w: c - a, h: d - b } }),
  },
  "keys of two corners": {
    view: { box: { x1: "l", y1: "t", x2: "r", y2: "b" } },
    write: (l, t, r, b) => ({ l, t, r, b }),
  },
  "keys of four corners": {
    view: { box: Object.fromEntries(PARTS.map((part) => [part, `q.${part}`])) },
    write: (a, b, c, d) => ({
      q: Object.fromEntries([a, b, c, b, c, d, a, d].map((number, at) => [PARTS[at], number])),
    }),
  },
  "lists of x and y, column by column": {
    view: { box: { xs: "x", ys: "y" } },
    write: (a, b, c, d) => ({ x: [a, a, c, c], y: [b, d, b, d] }),
  },
};

type Scale = Pick<View, "unit" | "size">;
const scale = fc.oneof(
  fc.constant<Scale>({}),
  fc.constantFrom<Scale>({ unit: 1 }, { unit: 100 }, { unit: 1000 }),
  fc.tuple(side, side).map(([w, h]) => ({ size: [w, h] }) as Scale),
);

test("any form, unit and size, on any page: the same box to half a pixel", () => {
  const form = fc.constantFrom(...Object.keys(WRITINGS));
  const exif = fc.constantFrom<"applied" | "ignored">("applied", "ignored");
  fc.assert(
    fc.property(page, corners, form, scale, exif, (onPage, [a, b, c, d], name, made, seen) => {
      const { view, write } = WRITINGS[name] as Writing;
      const wide = seen === "ignored" && (onPage.orientation ?? 1) >= 5;
      const [sw, sh] = wide ? [onPage.height, onPage.width] : [onPage.width, onPage.height];
      const [mw, mh] =
        (made.size as [number, number] | undefined) ??
        (typeof made.unit === "number" ? [made.unit, made.unit] : [sw, sh]);
      fc.pre(!(mw === sh && mh === sw && mw !== mh));
      const [x1, x2] = [Math.min(a, c), Math.max(a, c)];
      const [y1, y2] = [Math.min(b, d), Math.max(b, d)];
      const item = write(x1 * (mw as number), y1 * (mh as number), x2 * (mw as number), y2 * (mh as number));
      const read = compileView({ items: "$", ...view, ...made, exif: seen })([item], onPage);
      expect(read.faults.filter(({ kind }) => kind !== "box_empty")).toEqual([]);
      const stored = { x1: x1 * sw, y1: y1 * sh, x2: x2 * sw, y2: y2 * sh };
      const wanted = seen === "ignored" ? upright(stored, onPage.orientation ?? 1, sw, sh) : stored;
      const found = boundsOf(read.regions[0]?.polygon ?? []);
      for (const key of ["x1", "y1", "x2", "y2"] as const)
        expect(Math.abs(found[key] - wanted[key])).toBeLessThan(0.5);
    }),
    { numRuns: 2000 },
  );
});

/** By quarter turns and mirrors, one after the other. */
function upright({ x1, y1, x2, y2 }: ReturnType<typeof boundsOf>, orientation: number, w: number, h: number) {
  const mirror = ([x, y]: Point, width: number): Point => [width - x, y];
  const quarter = ([x, y]: Point, height: number): Point => [height - y, x];
  const move = (point: Point): Point => {
    switch (orientation) {
      case 2:
        return mirror(point, w);
      case 3:
        return quarter(quarter(point, h), w);
      case 4:
        return quarter(quarter(mirror(point, w), h), w);
      case 5:
        return mirror(quarter(point, h), h);
      case 6:
        return quarter(point, h);
      case 7:
        return mirror(quarter(quarter(quarter(point, h), w), h), h);
      case 8:
        return quarter(quarter(quarter(point, h), w), h);
      default:
        return point;
    }
  };
  return boundsOf([move([x1, y1]), move([x2, y2])]);
}

test("any polygon keeps its points and their order", () => {
  const polygon = fc.array(fc.tuple(fc.integer({ min: 0, max: 999 }), fc.integer({ min: 0, max: 999 })), {
    minLength: 5,
    maxLength: 40,
  });
  fc.assert(
    fc.property(polygon, (points) => {
      const read = compileView({ items: "$", box: "b", form: "poly" })([{ b: points }], {
        width: 999,
        height: 999,
      });
      expect(read.regions[0]?.polygon).toEqual(points as Point[]);
    }),
  );
});

test("lists that are nested too deeply cost their label only", () => {
  const depth = 300_000;
  const label = readRowLabel({ label: `${"[".repeat(depth)}${"]".repeat(depth)}` }, {});
  const faults =
    label !== undefined && "label" in label
      ? compileView({ items: "$", box: "b", form: "poly" })(label.label, null).faults
      : [label?.fault];
  expect(faults).toMatchObject([{ kind: "no_json" }]);
});

test("whatever a label is, it is read or its faults are told", () => {
  const view: View = {
    items: "$.a",
    box: "b",
    form: "poly",
    text: "t",
    category: "c",
    order: "o",
    join: "j",
  };
  const read = compileView(view);
  const item = fc.dictionary(fc.constantFrom("b", "t", "c", "o", "j", "rotation"), fc.jsonValue());
  const label = fc.oneof(fc.jsonValue(), fc.record({ a: fc.oneof(fc.jsonValue(), fc.array(item)) }));
  fc.assert(
    fc.property(label, (any) => {
      const { regions, faults } = read(any, { width: 10, height: 10 });
      for (const { polygon } of regions) expect(polygon.length).toBeGreaterThanOrEqual(3);
      for (const { message, at } of faults)
        expect([typeof message, at.startsWith("$")]).toEqual(["string", true]);
    }),
  );
});
