import { LONG, RATIONAL, SHORT, tiffFile } from "../tiff-file.ts";

/** CCITT data as a TIFF of one strip (TIFF 6.0, sections 8, 10 and 11). */
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

const INCH = 2;

export function ccittTiff(data: Uint8Array, terms: CcittTerms): Uint8Array {
  const { width, height, dpi, compression, photometric, orientation } = terms;
  return tiffFile(
    [
      [256, LONG, [width]],
      [257, LONG, [height]],
      [258, SHORT, [1]], // bits a sample
      [259, SHORT, [compression]],
      [262, SHORT, [photometric]],
      [274, SHORT, [orientation]],
      [277, SHORT, [1]], // samples a pixel
      [278, LONG, [height]], // rows a strip
      [282, RATIONAL, [dpi]],
      [283, RATIONAL, [dpi]],
      [296, SHORT, [INCH]],
    ],
    data,
  );
}
