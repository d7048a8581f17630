/** CCITT data as a TIFF of one strip (TIFF 6.0, sections 8, 10 and 11; little-endian). */
export interface CcittTerms {
  /** In pixels. */
  width: number;
  height: number;
  dpi: number;
  /** T.6; T.4; T.4 without end-of-line codes, in bytes. */
  compression: 4 | 3 | 2;
  /** Which bit is black: 0 means 1, 1 means 0. */
  photometric: 0 | 1;
  orientation: number;
}

const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const INCH = 2;

export function ccittTiff(data: Uint8Array, terms: CcittTerms): Uint8Array {
  const { width, height, dpi, compression, photometric, orientation } = terms;
  const count = 13;
  const resolutions = 8 + 2 + count * 12 + 4;
  const strip = resolutions + 8;
  const fields: [tag: number, type: number, value: number][] = [
    [256, LONG, width],
    [257, LONG, height],
    [258, SHORT, 1], // bits a sample
    [259, SHORT, compression],
    [262, SHORT, photometric],
    [273, LONG, strip],
    [274, SHORT, orientation],
    [277, SHORT, 1], // samples a pixel
    [278, LONG, height], // rows a strip
    [279, LONG, data.length],
    [282, RATIONAL, resolutions],
    [283, RATIONAL, resolutions],
    [296, SHORT, INCH],
  ];
  const file = Buffer.alloc(strip + data.length);
  file.write("II*\0", "latin1");
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(count, 8);
  for (const [index, [tag, type, value]] of fields.entries()) {
    const at = 10 + index * 12;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(1, at + 4);
    if (type === SHORT) file.writeUInt16LE(value, at + 8);
    else file.writeUInt32LE(value, at + 8);
  }
  file.writeUInt32LE(dpi, resolutions);
  file.writeUInt32LE(1, resolutions + 4);
  file.set(data, strip);
  return file;
}
