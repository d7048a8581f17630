/** How a page lies in the view: turned clockwise by quarters, then scaled, then moved; px of the view. */
export interface Camera {
  turn: 0 | 1 | 2 | 3;
  scale: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export type Spot = readonly [x: number, y: number];

const MIN_SCALE = 0.01;
const MAX_SCALE = 40;

/** Size of the page as it lies in the view, before it is scaled. */
export function turnedSize({ width, height }: Size, turn: Camera["turn"]): Size {
  return turn % 2 === 0 ? { width, height } : { width: height, height: width };
}

/** The whole page, in the middle of the view. */
export function fitCamera(page: Size, view: Size, turn: Camera["turn"] = 0, margin = 12): Camera {
  const { width, height } = turnedSize(page, turn);
  const scale = Math.min((view.width - 2 * margin) / width, (view.height - 2 * margin) / height);
  return centre(page, view, turn, clampScale(scale));
}

function centre(page: Size, view: Size, turn: Camera["turn"], scale: number): Camera {
  const { width, height } = turnedSize(page, turn);
  return { turn, scale, x: (view.width - width * scale) / 2, y: (view.height - height * scale) / 2 };
}

/** Nearer or farther, with what is at `spot` staying there. */
export function zoomAt(camera: Camera, [x, y]: Spot, factor: number): Camera {
  const scale = clampScale(camera.scale * factor);
  const real = scale / camera.scale;
  return { ...camera, scale, x: x - (x - camera.x) * real, y: y - (y - camera.y) * real };
}

export function pan(camera: Camera, dx: number, dy: number): Camera {
  return { ...camera, x: camera.x + dx, y: camera.y + dy };
}

/** Turned by a quarter, as a whole in the view. */
export function turnCamera(camera: Camera, page: Size, view: Size): Camera {
  return fitCamera(page, view, ((camera.turn + 1) % 4) as Camera["turn"]);
}

interface Box {
  x1: number;
  y1: number;
  x2: number;
  y2: number;
}

/** Lower lines are not read: letters of Hangul in them have less than 12 px. */
const MIN_LINE_PX = 14;
const LINE_PX = 28;

/** A box of the page in the middle of the view: no smaller than it is now, and large enough to be read as one line. */
export function showBox(camera: Camera, page: Size, view: Size, box: Box): Camera {
  const { width, height } = turnedSize({ width: box.x2 - box.x1, height: box.y2 - box.y1 }, camera.turn);
  const wanted = Math.min(
    view.width / 3 / Math.max(1, width),
    view.height / 3 / Math.max(1, height),
    LINE_PX / lineOf(box),
    4,
  );
  const scale = clampScale(Math.max(camera.scale, wanted));
  const [x, y] = turnSpot([(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2], page, camera.turn);
  return { ...camera, scale, x: view.width / 2 - x * scale, y: view.height / 2 - y * scale };
}

/** Whether all of a box is in the view, large enough to be read. */
export function isReadable(camera: Camera, page: Size, view: Size, box: Box): boolean {
  return isInView(camera, page, view, box) && lineOf(box) * camera.scale >= MIN_LINE_PX;
}

/** How high the text is that a box may hold: one that is far higher than wide has its letters below each other. */
function lineOf({ x1, y1, x2, y2 }: Box): number {
  const [width, height] = [x2 - x1, y2 - y1];
  return Math.max(1, height > 3 * width ? width : height);
}

/** Whether all of a box is in the view. */
export function isInView(camera: Camera, page: Size, view: Size, box: Box): boolean {
  const corners = [toView(camera, page, [box.x1, box.y1]), toView(camera, page, [box.x2, box.y2])];
  return corners.every(([x, y]) => x >= 0 && y >= 0 && x <= view.width && y <= view.height);
}

export function toView(camera: Camera, page: Size, spot: Spot): Spot {
  const [x, y] = turnSpot(spot, page, camera.turn);
  return [x * camera.scale + camera.x, y * camera.scale + camera.y];
}

export function toPage(
  { turn, scale, x: left, y: top }: Camera,
  { width, height }: Size,
  [vx, vy]: Spot,
): Spot {
  const [x, y] = [(vx - left) / scale, (vy - top) / scale];
  const back: readonly Spot[] = [
    [x, y],
    [y, height - x],
    [width - x, height - y],
    [width - y, x],
  ];
  return back[turn] as Spot;
}

/** The same as a matrix of a canvas: a, b, c, d, e, f. */
export function matrixOf(
  { turn, scale: s, x, y }: Camera,
  { width, height }: Size,
): [number, number, number, number, number, number] {
  const matrices: [number, number, number, number, number, number][] = [
    [s, 0, 0, s, x, y],
    [0, s, -s, 0, x + height * s, y],
    [-s, 0, 0, -s, x + width * s, y + height * s],
    [0, -s, s, 0, x, y + width * s],
  ];
  return matrices[turn] as [number, number, number, number, number, number];
}

function turnSpot([x, y]: Spot, { width, height }: Size, turn: Camera["turn"]): Spot {
  const turned: readonly Spot[] = [
    [x, y],
    [height - y, x],
    [width - x, height - y],
    [y, width - x],
  ];
  return turned[turn] as Spot;
}

function clampScale(scale: number): number {
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, scale));
}
