import { type Camera, matrixOf, type Size, type Spot, toView } from "./camera.ts";
import { regionsInView } from "./in-view.ts";
import type { DrawnRegion } from "./shapes.ts";
import { layText } from "./text-layout.ts";
import type { ImageLevels } from "./use-image.ts";

export interface Layers {
  boxes: boolean;
  texts: boolean;
  order: boolean;
  image: boolean;
}

export interface Scene {
  image: ImageLevels | undefined;
  page: Size;
  view: Size;
  camera: Camera;
  regions: readonly DrawnRegion[];
  layers: Layers;
  active: number | undefined;
  hovered: number | undefined;
  /** Where the magnifier is, in the view. */
  lens: Spot | undefined;
}

const HIT = "rgb(255 214 70)";
/** Beyond every page, px. */
const FAR = 1e6;
const LENS = { radius: 110, factor: 3 };

/** Draws all of the scene; `ratio` is device pixels per px of the view. */
export function drawScene(context: CanvasRenderingContext2D, scene: Scene, ratio: number): void {
  const { view, camera, lens } = scene;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  drawPage(context, scene, camera, ratio);
  if (lens === undefined) return;
  const [x, y] = lens;
  context.save();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.beginPath();
  context.arc(x, y, LENS.radius, 0, 2 * Math.PI);
  context.clip();
  context.fillStyle = "#888";
  context.fill();
  const scale = Math.max(camera.scale * LENS.factor, 1);
  const real = scale / camera.scale;
  drawPage(
    context,
    scene,
    { ...camera, scale, x: x - (x - camera.x) * real, y: y - (y - camera.y) * real },
    ratio,
  );
  context.restore();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.lineWidth = 2;
  context.strokeStyle = "#444";
  context.beginPath();
  context.arc(x, y, LENS.radius, 0, 2 * Math.PI);
  context.stroke();
}

function drawPage(context: CanvasRenderingContext2D, scene: Scene, camera: Camera, ratio: number): void {
  const { image, page, layers } = scene;
  const [a, b, c, d, e, f] = matrixOf(camera, page);
  context.setTransform(a * ratio, b * ratio, c * ratio, d * ratio, e * ratio, f * ratio);
  context.fillStyle = "#fff";
  context.fillRect(0, 0, page.width, page.height);
  if (image && layers.image) {
    context.imageSmoothingEnabled = camera.scale < 4;
    // The level is at most twice as large as it is drawn: finer ways cost ten times as much, and show no more.
    context.imageSmoothingQuality = "low";
    const level = levelFor(image.levels, page.width * camera.scale * ratio);
    if (level !== undefined) context.drawImage(level, 0, 0, page.width, page.height);
  }
  const seen = regionsInView(scene, camera);
  for (const index of seen) drawRegion(context, scene, index, camera.scale);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (layers.texts) for (const index of seen) drawText(context, scene, camera, index);
  if (layers.order) drawOrder(context, scene, camera);
}

/** The smallest that is as wide as it is drawn; a closed one, of a page that was left, has no width. */
function levelFor(levels: readonly ImageBitmap[], width: number): ImageBitmap | undefined {
  const open = levels.filter((level) => level.width > 0);
  return open.findLast((level) => level.width >= width) ?? open[0];
}

function drawRegion(context: CanvasRenderingContext2D, scene: Scene, index: number, scale: number): void {
  const { regions, layers, active, hovered } = scene;
  const { polygon, isBox, bounds, colour, isHit, isDashed } = regions[index] as DrawnRegion;
  const { x1, y1, x2, y2 } = bounds;
  const line = linePx(bounds, scale) / scale;
  const isActive = index === active;
  if (!layers.boxes && !isHit && !isActive && index !== hovered) return;
  const fill = (colour: string, alpha: number) => {
    context.globalCompositeOperation = "multiply"; // what is written there stays dark
    context.globalAlpha = alpha;
    context.fillStyle = colour;
    if (isBox) context.fillRect(x1, y1, x2 - x1, y2 - y1);
    else context.fill();
    context.globalAlpha = 1;
    context.globalCompositeOperation = "source-over";
  };
  if (!isBox) {
    context.beginPath();
    tracePolygon(context, polygon);
  }
  if (isHit) fill(HIT, 1);
  if (isActive || index === hovered) fill(colour, isActive ? 0.25 : 0.15);
  if (isDashed) context.setLineDash([line * 5, line * 3]);
  context.lineWidth = line;
  context.strokeStyle = colour;
  if (isActive) strokeAround(context, polygon, (LINE_PX.most * 2.4) / scale);
  // A third of what a path costs.
  else if (isBox) context.strokeRect(x1, y1, x2 - x1, y2 - y1);
  else context.stroke();
  if (isDashed) context.setLineDash([]);
}

const LINE_PX = { most: 1.5, least: 0.5 };

/** Thinner around what is small: of a page of words that is seen as a whole, lines would hide the words. */
function linePx({ x1, y1, x2, y2 }: DrawnRegion["bounds"], scale: number): number {
  const lowest = Math.min(x2 - x1, y2 - y1) * scale;
  return Math.min(LINE_PX.most, Math.max(LINE_PX.least, lowest / 10));
}

/** A line outside of a region: over it, one that is so thick would hide a digit. */
function strokeAround(context: CanvasRenderingContext2D, polygon: readonly Spot[], width: number): void {
  const outside = new Path2D();
  outside.rect(-FAR, -FAR, 2 * FAR, 2 * FAR);
  tracePolygon(outside, polygon);
  context.save();
  context.clip(outside, "evenodd");
  context.beginPath();
  tracePolygon(context, polygon);
  context.lineWidth = 2 * width;
  context.stroke();
  context.restore();
}

function tracePolygon(context: CanvasPath, polygon: readonly Spot[]): void {
  for (const [at, [x, y]] of polygon.entries()) {
    if (at === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.closePath();
}

/** The text over its region, as large as that, where it can be read. */
function drawText(
  context: CanvasRenderingContext2D,
  { regions, page }: Scene,
  camera: Camera,
  index: number,
): void {
  const region = regions[index] as DrawnRegion;
  const laid = layText(camera, page, region);
  if (laid === undefined || !laid.isReadable) return;
  const { line, size, left, top, width, height } = laid;
  context.font = `${size}px system-ui, NanumGothic, sans-serif`;
  context.fillStyle = "rgb(255 255 255 / 86%)";
  context.fillRect(left, top, width, height);
  context.fillStyle = region.colour;
  context.textBaseline = "middle";
  context.fillText(line, left + 2, top + height / 2, Math.max(1, width - 4));
}

/** A line through the middles of the regions, and a number at the corner of each, where it hides no text. */
function drawOrder(context: CanvasRenderingContext2D, { regions, page, view }: Scene, camera: Camera): void {
  const middles = regions.flatMap(({ bounds, isShown }, index) => {
    if (!isShown) return [];
    const [x, y] = toView(camera, page, [(bounds.x1 + bounds.x2) / 2, (bounds.y1 + bounds.y2) / 2]);
    const [ax, ay] = toView(camera, page, [bounds.x1, bounds.y1]);
    const [bx, by] = toView(camera, page, [bounds.x2, bounds.y2]);
    return [{ x, y, left: Math.min(ax, bx), top: Math.min(ay, by), number: index + 1 }];
  });
  context.strokeStyle = "rgb(190 30 90 / 70%)";
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [at, { x, y }] of middles.entries()) {
    if (at === 0) context.moveTo(x, y);
    else context.lineTo(x, y);
  }
  context.stroke();
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { left, top, number } of middles) {
    if (left < 0 || top < 0 || left > view.width || top > view.height) continue;
    const width = 6 + 6.2 * String(number).length;
    context.fillStyle = "rgb(190 30 90)";
    context.fillRect(left - width, top - 4, width, 15);
    context.fillStyle = "#fff";
    context.fillText(String(number), left - width / 2, top + 4);
  }
  context.textAlign = "start";
}
