import { describe, expect, test } from "bun:test";
import { OPEN_GATE } from "../../src/images/gate.ts";
import { jpegSegments } from "../../src/images/jpeg.ts";
import { normalizeImage } from "../../src/images/normalize.ts";
import { picture } from "./samples.ts";

const [WIDTH, HEIGHT] = [64, 48];
type Field = [tag: number, type: 3 | 4, ...values: number[]];
interface Page {
  fields: Field[];
  data: Uint8Array;
}

/** A TIFF of these pages. Values of the tags that point somewhere count from where the page's data begins. */
function tiff(...pages: Page[]): Buffer {
  const parts = [Buffer.from("II*\0\x08\0\0\0", "latin1")];
  let at = 8;
  for (const [index, { fields, data }] of pages.entries()) {
    const sizeOf = ([, type, ...values]: Field) => values.length * (type === 3 ? 2 : 4);
    const dataAt = fields.reduce((sum, field) => sum + 12 + (sizeOf(field) > 4 ? sizeOf(field) : 0), at + 6);
    const directory = Buffer.alloc(dataAt - at);
    directory.writeUInt16LE(fields.length);
    let late = 2 + fields.length * 12 + 4;
    fields.sort(([a], [b]) => a - b);
    for (const [entry, field] of fields.entries()) {
      const [tag, type, ...values] = field;
      const head = 2 + entry * 12;
      directory.writeUInt16LE(tag, head);
      directory.writeUInt16LE(type, head + 2);
      directory.writeUInt32LE(values.length, head + 4);
      let to = head + 8;
      if (sizeOf(field) > 4) {
        directory.writeUInt32LE(at + late, to);
        to = late;
        late += sizeOf(field);
      }
      for (const value of values) {
        const placed = [273, 324, 513, 519, 520, 521].includes(tag) ? value + dataAt : value;
        to = type === 3 ? directory.writeUInt16LE(placed, to) : directory.writeUInt32LE(placed, to);
      }
    }
    const padded = Buffer.concat([data, Buffer.alloc(data.length % 2)]);
    if (index < pages.length - 1) {
      directory.writeUInt32LE(dataAt + padded.length, 2 + fields.length * 12);
    }
    parts.push(directory, padded);
    at = dataAt + padded.length;
  }
  return Buffer.concat(parts);
}

function fieldsOf(compression = 6, photometric = 6, height = HEIGHT): Field[] {
  return [
    [256, 4, WIDTH],
    [257, 4, height],
    [258, 3, 8, 8, 8],
    [259, 3, compression],
    [262, 3, photometric],
    [277, 3, 3],
    [278, 4, height],
    [530, 3, 1, 1],
  ];
}

function jpeg(seed: number, options: { progressive?: boolean } = {}): Promise<Buffer> {
  return picture(WIDTH, HEIGHT, seed)
    .jpeg({ chromaSubsampling: "4:4:4", ...options })
    .toBuffer();
}

function stream(data: Buffer, head = fieldsOf()): Page {
  const place: Field[] = [
    [513, 4, 0],
    [514, 4, data.length],
    [273, 4, 0],
    [279, 4, data.length],
  ];
  return { fields: [...head, ...place], data };
}

/** Its tables and coded data apart, found by tags. */
function tables(data: Buffer): Page {
  const places = new Map<number, number>();
  let scan = data;
  for (const { marker, start, payloadEnd, end } of jpegSegments(data)) {
    for (let at = start; at < payloadEnd && (marker === 0xdb || marker === 0xc4); ) {
      const id = data[at] ?? 0;
      places.set((marker === 0xdb ? 519 : id >> 4 > 0 ? 521 : 520) * 2 + (id & 15), at + 1);
      at += marker === 0xdb ? 65 : 17 + data.subarray(at + 1, at + 17).reduce((sum, count) => sum + count, 0);
    }
    if (marker === 0xda) scan = data.subarray(payloadEnd, end);
  }
  const pointers = [519, 520, 521].map((tag): Field => {
    const [first = 0, second = 0] = [places.get(tag * 2), places.get(tag * 2 + 1)];
    return [tag, 4, first, second, second];
  });
  const strip: Field[] = [
    [273, 4, scan.byteOffset - data.byteOffset],
    [279, 4, scan.length],
  ];
  return { fields: [...fieldsOf(), ...pointers, ...strip], data };
}

async function treat(bytes: Uint8Array): Promise<(string | undefined)[]> {
  const results = (["preserve", "optimize", "jpeg"] as const).map((policy) =>
    normalizeImage(bytes, { policy, verify: "full", maxPixels: 1_000_000, gate: OPEN_GATE }).then(
      ({ encoded, pages }) => `${encoded === undefined ? "kept" : "changed"}, pages: ${pages}`,
      (error: Error) => error.message,
    ),
  );
  return Array.from(new Set(await Promise.all(results)));
}

describe("old-style JPEG in TIFF", () => {
  test("is kept where its coded data is whole, in whichever way it is placed and on any page", async () => {
    const [first, second] = [await jpeg(1), await jpeg(2)];
    expect(await treat(tiff(stream(first)))).toEqual(["kept, pages: 1"]);
    expect(await treat(tiff(tables(first)))).toEqual(["kept, pages: 1"]);
    expect(await treat(tiff(stream(first), tables(second)))).toEqual(["kept, pages: 2"]);
    const data = await picture(WIDTH, HEIGHT).raw().toBuffer();
    const fields: Field[] = [...fieldsOf(1, 2).slice(0, -1), [273, 4, 0], [279, 4, data.length]];
    expect(await treat(tiff({ fields, data }, stream(second)))).toEqual(["kept, pages: 2"]);
    expect(await treat(tiff(stream(first), { fields, data }))).toEqual(["kept, pages: 2"]);
  });

  test("in tiles is taken where they are as wide as the page, as libtiff takes them", async () => {
    const data = await jpeg(1);
    const inTiles = ({ fields, data: bytes }: Page, width: number, height: number) => {
      const tags: Record<number, number> = { 273: 324, 279: 325 };
      const moved = fields.map(([tag, ...rest]): Field => [tags[tag] ?? tag, ...rest]);
      return tiff({ fields: [...moved, [322, 4, width], [323, 4, height]], data: bytes });
    };
    expect(await treat(inTiles(stream(data), WIDTH, HEIGHT))).toEqual(["kept, pages: 1"]);
    expect(await treat(inTiles(tables(data), WIDTH, HEIGHT))).toEqual(["kept, pages: 1"]);
    expect(await treat(inTiles(stream(data), WIDTH * 2, HEIGHT))).toEqual([
      "damaged TIFF: the JPEG that it holds is of 64x48 pixels, its tiles of 128x48",
    ]);
    expect(await treat(inTiles(stream(data), WIDTH / 2, HEIGHT))).toEqual([
      "TIFF of an unsupported kind: old-style JPEG in tiles beside each other is not read by Pillow",
    ]);
    const unnamed = stream(data);
    unnamed.fields = unnamed.fields.filter(([tag]) => tag !== 273);
    expect(await treat(inTiles(unnamed, WIDTH, HEIGHT))).toEqual(["damaged TIFF: it names no tiles"]);
  });

  test("is refused with the reason where it is not, or where Pillow does not read it", async () => {
    const [first, second] = [await jpeg(1), await jpeg(2)];
    const cut = second.subarray(0, second.length / 2);
    const refused = async (...pages: Page[]) => (await treat(tiff(...pages))).join("\n");
    expect(await refused(stream(cut))).toBe("damaged TIFF: its data ends before the picture does");
    expect(await refused(tables(cut))).toBe("damaged TIFF: its data ends before the picture does");
    expect(await refused(stream(first), stream(cut))).toBe(
      "damaged TIFF: page 2: its data ends before the picture does",
    );
    expect(await refused({ fields: fieldsOf(), data: first })).toBe(
      "damaged TIFF: it holds neither a JPEG nor the tables of one",
    );
    expect(await refused(stream(first, fieldsOf(6, 6, 80)))).toBe(
      "damaged TIFF: the JPEG that it holds is of 64x48 pixels, its page of 64x80",
    );
    expect(await refused(stream(await jpeg(3, { progressive: true })))).toContain("is progressive");
    expect(await refused(stream(first, fieldsOf(6, 1)))).toBe(
      "TIFF of an unsupported kind: old-style JPEG with photometric interpretation 1 is not read by Pillow",
    );
  });
});

test("a whole TIFF of a kind that Pillow does not read is not called damaged", async () => {
  const float = (channels: number, photometric: number): Page => {
    const fields = fieldsOf(1, photometric).filter(([tag]) => ![258, 277, 530].includes(tag));
    const ofEach = (value: number) => Array.from({ length: channels }, () => value);
    const data = Buffer.from(new Float32Array(WIDTH * HEIGHT * channels).fill(0.5).buffer);
    fields.push([258, 3, ...ofEach(32)], [277, 3, channels], [339, 3, ...ofEach(3)]);
    return { fields: [...fields, [273, 4, 0], [279, 4, data.length]], data };
  };
  expect(await treat(tiff(float(1, 1)))).toEqual(["kept, pages: 1"]);
  expect(await treat(tiff(float(3, 2)))).toEqual([
    "TIFF of an unsupported kind: samples of 32,32,32 bits, format 3, photometric interpretation 2 are not read by Pillow",
  ]);
});
