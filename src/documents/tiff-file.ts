/** A TIFF of one image in one strip (TIFF 6.0, section 2; little-endian). */
export type TiffField = [tag: number, type: keyof typeof WIDTHS, values: readonly number[] | Uint8Array];

export const SHORT = 3;
export const LONG = 4;
export const RATIONAL = 5;
export const UNDEFINED = 7;
/** Bytes of a value. */
const WIDTHS = { [SHORT]: 2, [LONG]: 4, [RATIONAL]: 8, [UNDEFINED]: 1 };

const STRIP_OFFSET = 273;
const STRIP_BYTES = 279;

/** Writes the fields, which come in any order, and the strip, whose place and size are fields too. */
export function tiffFile(given: readonly TiffField[], strip: Uint8Array): Uint8Array {
  const fields: TiffField[] = [...given, [STRIP_OFFSET, LONG, [0]], [STRIP_BYTES, LONG, [strip.length]]];
  fields.sort(([one], [other]) => one - other);
  let end = 8 + 2 + fields.length * 12 + 4;
  const places = fields.map(([, type, values]) => {
    const bytes = values.length * WIDTHS[type];
    if (bytes <= 4) return undefined;
    const at = end;
    end += bytes + (bytes & 1);
    return at;
  });
  const file = Buffer.alloc(end + strip.length);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(fields.length, 8);
  for (const [index, [tag, type, values]] of fields.entries()) {
    const at = 10 + index * 12;
    const place = places[index];
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(values.length, at + 4);
    if (place !== undefined) file.writeUInt32LE(place, at + 8);
    writeValues(file, place ?? at + 8, type, tag === STRIP_OFFSET ? [end] : values);
  }
  file.set(strip, end);
  return file;
}

function writeValues(
  file: Buffer,
  at: number,
  type: keyof typeof WIDTHS,
  values: readonly number[] | Uint8Array,
): void {
  for (const [index, value] of values.entries()) {
    const to = at + index * WIDTHS[type];
    if (type === SHORT) file.writeUInt16LE(value, to);
    else if (type === UNDEFINED) file[to] = value;
    else file.writeUInt32LE(value, to);
    if (type === RATIONAL) file.writeUInt32LE(1, to + 4);
  }
}
