import { type Camera, type Size, toView } from "./camera.ts";
import { regionsInView, type Viewed } from "./in-view.ts";
import type { DrawnRegion } from "./shapes.ts";

/** Texts smaller than this are not read, and hide the page. */
const MIN_TEXT_PX = 12;
const MAX_TEXT_PX = 40;

/** The first line of a text over its region, in px of the view. */
export interface LaidText {
  line: string;
  size: number;
  isReadable: boolean;
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Undefined for a region without a text. */
export function layText(
  camera: Camera,
  page: Size,
  { bounds, text }: Pick<DrawnRegion, "bounds" | "text">,
): LaidText | undefined {
  if (text === null || text === "") return undefined;
  const [ax, ay] = toView(camera, page, [bounds.x1, bounds.y1]);
  const [bx, by] = toView(camera, page, [bounds.x2, bounds.y2]);
  const [width, height] = [Math.abs(bx - ax), Math.abs(by - ay)];
  const line = text.split("\n", 1)[0] as string;
  const size = Math.min(height * 0.72, (width / Math.max(1, line.length)) * 2, MAX_TEXT_PX);
  return {
    ...{ line, size, width, height, isReadable: size >= MIN_TEXT_PX },
    ...{ left: Math.min(ax, bx), top: Math.min(ay, by) },
  };
}

/** Whether there are texts in the view that are too small to be drawn. */
export function hidesTexts(viewed: Viewed, camera: Camera): boolean {
  const { regions, page } = viewed;
  return regionsInView(viewed, camera).some(
    (index) => layText(camera, page, regions[index] as DrawnRegion)?.isReadable === false,
  );
}
