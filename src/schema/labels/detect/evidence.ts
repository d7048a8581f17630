import { type Place, readBox, toNumber } from "../box.ts";
import { readLabelPath } from "../path.ts";
import { type Bounds, boundsOf } from "../region.ts";
import type { View } from "../view.ts";
import { fourNumbersOf } from "../view-box.ts";
import { compileFirst, documentNode, isObject } from "../walk.ts";
import { itemsOf } from "./numbers.ts";
import type { SampledLabel } from "./sample.ts";

/** Of the regions that can tell, this share has to. */
const MOST = 0.9;

/**
 * Whether other values of the regions say what the four numbers of their boxes are: `area` is width times height, and
 * the polygon of `segmentation` lies in the box.
 */
export function findEvidence(view: View, labels: readonly SampledLabel[]): "xyxy" | "xywh" | undefined {
  const place = fourNumbersOf(view);
  if (place === undefined) return undefined;
  const at = compileFirst(readLabelPath(place.path));
  const votes = { xyxy: 0, xywh: 0, all: 0 };
  for (const { label } of labels) {
    const root = documentNode(label);
    for (const item of itemsOf(view, root)) {
      const box = at(root, item);
      if (!isObject(item.value) || !Array.isArray(box)) continue;
      const [xyxy, xywh] = [fits(item.value, box, "xyxy"), fits(item.value, box, "xywh")];
      if (xyxy === undefined || xyxy === xywh) continue;
      votes.all++;
      if (xyxy) votes.xyxy++;
      if (xywh) votes.xywh++;
    }
  }
  if (votes.all === 0) return undefined;
  if (votes.xywh >= votes.all * MOST) return "xywh";
  return votes.xyxy >= votes.all * MOST ? "xyxy" : undefined;
}

/** Whether the box of this form is that of the region's area or polygon; undefined where it has neither. */
function fits(item: Record<string, unknown>, box: unknown[], form: "xyxy" | "xywh"): boolean | undefined {
  const read = readBox(box, form);
  const polygon = readBox(item.segmentation, "poly");
  const area = toNumber(item.area);
  if ("kind" in polygon && Number.isNaN(area)) return undefined;
  if ("kind" in read) return false;
  const { x1, y1, x2, y2 } = extentOf(read.place);
  if (!("kind" in polygon)) {
    const of = extentOf(polygon.place);
    const room = 0.02 * Math.max(of.x2 - of.x1, of.y2 - of.y1) + 1;
    return [x1 - of.x1, y1 - of.y1, x2 - of.x2, y2 - of.y2].every((off) => Math.abs(off) <= room);
  }
  return Math.abs((x2 - x1) * (y2 - y1) - area) <= 0.01 * area;
}

function extentOf(place: Place): Bounds {
  return "x1" in place ? place : boundsOf(place);
}
