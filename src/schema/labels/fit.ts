import { show, toNumber } from "./box.ts";
import type { Finding } from "./faults.ts";
import { AS_IS, createFrame, type Extent, type Frame, storedExtent } from "./frame.ts";
import { readLabelPath } from "./path.ts";
import { boundsOf, type Page, type Point } from "./region.ts";
import type { View } from "./view.ts";
import { compileFirst, type Node } from "./walk.ts";

/** The frame of a region's box, or why there is none. */
export type FrameOf = (region: Node) => Frame | Finding;

/** Finds the frame of each box of a label on its page, by unit, size and EXIF handling of a view. */
export function compileFrame(view: View): (root: Node, page: Page | null) => FrameOf {
  const { unit = "px", exif = "applied", size } = view;
  const sides = size?.map((side) =>
    typeof side === "string" ? compileFirst(readLabelPath(side)) : () => side,
  );
  return (root, page) => {
    if (page === null) {
      const isOfPixels = unit === "px" && sides === undefined && exif === "applied";
      return () => (isOfPixels ? AS_IS : NO_PAGE);
    }
    if (sides === undefined) {
      const made = unit === "px" ? page : { width: unit, height: unit };
      const frame = createFrame(unit === "px" && exif === "ignored" ? storedExtent(page) : made, page, exif);
      return () => frame;
    }
    let last: { made: Extent; frame: Frame | Finding } | undefined;
    return (region) => {
      const [width = Number.NaN, height = Number.NaN] = sides.map((side) => toNumber(side(root, region)));
      if (last?.made.width !== width || last.made.height !== height) {
        const made = { width, height };
        last = { made, frame: findFrame(made, page, exif, size) };
      }
      return last.frame;
    };
  };
}

function findFrame(
  made: Extent,
  page: Page,
  exif: "applied" | "ignored",
  size: View["size"],
): Frame | Finding {
  const { width, height } = made;
  if (!(width > 0 && height > 0))
    return { kind: "no_size", message: `no width and height above 0 at ${show(size)}` };
  const seen = exif === "ignored" ? storedExtent(page) : page;
  if (width === seen.height && height === seen.width && width !== height)
    return {
      kind: "size_turned",
      message: `the boxes are of a page of ${width} x ${height}, but it is ${seen.width} x ${seen.height}: set exif of the view to ${exif === "applied" ? "ignored if they were drawn on the image as it is stored" : "applied"}`,
    };
  return createFrame(made, page, exif);
}

const NO_PAGE: Finding = {
  kind: "no_page",
  message: "the row has no page whose size would say where the box is; upload the images first",
};

/** Pixels by which a box may reach outside: what rounding makes. */
const TOLERANCE_PX = 0.5;

/** What is wrong with a region's place on its page. */
export function checkPlace(polygon: readonly Point[], page: Page | null): Finding[] {
  const { x1, y1, x2, y2 } = boundsOf(polygon);
  const findings: Finding[] = [];
  const where = () => `${round(x1)},${round(y1)} to ${round(x2)},${round(y2)}`;
  if (x1 === x2 || y1 === y2)
    findings.push({ kind: "box_empty", message: `the box from ${where()} has no area` });
  if (page === null) return findings;
  const isInside =
    x1 >= -TOLERANCE_PX &&
    y1 >= -TOLERANCE_PX &&
    x2 <= page.width + TOLERANCE_PX &&
    y2 <= page.height + TOLERANCE_PX;
  if (!isInside)
    findings.push({
      kind: "box_outside",
      message: `the box from ${where()} reaches outside of the page of ${page.width} x ${page.height}`,
    });
  return findings;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
