import { type Camera, type Size, toPage } from "./camera.ts";
import { type DrawnRegion, shapeOf } from "./shapes.ts";

export interface Viewed {
  page: Size;
  view: Size;
  regions: readonly DrawnRegion[];
}

/** Shown regions of which something is in the view, by their index. */
export function regionsInView({ regions, page, view }: Viewed, camera: Camera): number[] {
  const { bounds: seen } = shapeOf([
    toPage(camera, page, [0, 0]),
    toPage(camera, page, [view.width, view.height]),
  ]);
  const found: number[] = [];
  for (let index = 0; index < regions.length; index++) {
    const { bounds, isShown } = regions[index] as DrawnRegion;
    if (!isShown || bounds.x2 < seen.x1 || bounds.y2 < seen.y1) continue;
    if (bounds.x1 <= seen.x2 && bounds.y1 <= seen.y2) found.push(index);
  }
  return found;
}
