/** 8 bits each of red, green and blue per pixel. */
export interface Canvas {
  data: Buffer;
  width: number;
  height: number;
}

export type Colour = readonly [red: number, green: number, blue: number];

/** Line width, and size of a digit's dot, in pixels. */
const LINE = 2;
const DOT = 3;

/** Bitmaps of 3 x 5 dots, row by row. */
const DIGITS = [
  "111101101101111",
  "010110010010111",
  "111001111100111",
  "111001111001111",
  "101101111001001",
  "111100111001111",
  "111100111101111",
  "111001001001001",
  "111101111101111",
  "111101111001111",
];

/** Draws the outline of a polygon, clipped to the canvas. */
export function drawPolygon(
  canvas: Canvas,
  points: readonly (readonly [x: number, y: number])[],
  colour: Colour,
): void {
  for (const [at, [x1, y1]] of points.entries()) {
    const [x2, y2] = points[(at + 1) % points.length] ?? [x1, y1];
    const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1))));
    for (let step = 0; step <= steps; step++) {
      const part = step / steps;
      fill(
        canvas,
        { x: x1 + (x2 - x1) * part - LINE / 2, y: y1 + (y2 - y1) * part - LINE / 2 },
        LINE,
        LINE,
        colour,
      );
    }
  }
}

/** Draws a number in white on a coloured box with its top left corner at `at`, moved into the canvas. */
export function drawDigits(canvas: Canvas, text: string, at: { x: number; y: number }, colour: Colour): void {
  const width = (text.length * 4 + 1) * DOT;
  const height = 7 * DOT;
  const left = Math.max(0, Math.min(Math.round(at.x), canvas.width - width));
  const top = Math.max(0, Math.min(Math.round(at.y), canvas.height - height));
  fill(canvas, { x: left, y: top }, width, height, colour);
  for (const [place, digit] of [...text].entries()) {
    const dots = DIGITS[Number(digit)] ?? "";
    for (const [dot, isSet] of [...dots].entries()) {
      if (isSet !== "1") continue;
      const x = left + (place * 4 + 1 + (dot % 3)) * DOT;
      const y = top + (1 + Math.floor(dot / 3)) * DOT;
      fill(canvas, { x, y }, DOT, DOT, [255, 255, 255]);
    }
  }
}

function fill(
  { data, width, height }: Canvas,
  { x, y }: { x: number; y: number },
  w: number,
  h: number,
  [red, green, blue]: Colour,
): void {
  const [left, top] = [Math.max(0, Math.round(x)), Math.max(0, Math.round(y))];
  const [right, bottom] = [Math.min(width, Math.round(x) + w), Math.min(height, Math.round(y) + h)];
  for (let row = top; row < bottom; row++) {
    for (let column = left; column < right; column++) {
      const place = (row * width + column) * 3;
      data[place] = red;
      data[place + 1] = green;
      data[place + 2] = blue;
    }
  }
}
