import { borrow, type Pdfium } from "./instance.ts";

/** An image in a PDF, by what its dictionary says. */
export interface ImageFacts {
  /** In pixels. */
  width: number;
  height: number;
  bitsPerPixel: number;
  /** Names of PDF, in the order of decoding: `FlateDecode`, `DCTDecode`. */
  filters: string[];
}

export function imageFacts(pdfium: Pdfium, image: number, page: number): ImageFacts {
  const { call } = pdfium;
  const filters = Array.from({ length: call.FPDFImageObj_GetImageFilterCount(image) }, (_, index) => {
    const name = read(pdfium, (to, size) => call.FPDFImageObj_GetImageFilter(image, index, to, size));
    return new TextDecoder().decode(name.subarray(0, -1));
  });
  return borrow(pdfium, 28, (pointer) => {
    call.FPDFImageObj_GetImageMetadata(image, page, pointer);
    const view = pdfium.view();
    const at = (index: number) => view.getUint32(pointer + index * 4, true);
    return { width: at(0), height: at(1), bitsPerPixel: at(4), filters };
  });
}

/** Its data without the outer filters, which only pack: as the last one of them takes it, `DCTDecode` a JPEG. */
export function codedData(pdfium: Pdfium, image: number, { filters }: ImageFacts): Uint8Array {
  const { call } = pdfium;
  return filters.length === 1
    ? read(pdfium, (to, size) => call.FPDFImageObj_GetImageDataRaw(image, to, size))
    : read(pdfium, (to, size) => call.FPDFImageObj_GetImageDataDecoded(image, to, size));
}

/** Samples of 8 bits: rows from the top, without gaps, red first. */
export interface Samples {
  data: Uint8Array;
  /** In pixels. */
  width: number;
  height: number;
  channels: 1 | 3;
}

/** `FPDFBitmap_*`: bytes of a pixel. */
const PIXEL_BYTES: Record<number, number> = { 1: 1, 2: 3, 3: 4, 4: 4 };

/** The samples of the image by itself, unturned, without masks. Undefined where it cannot be decoded. */
export function imageSamples(pdfium: Pdfium, image: number): Samples | undefined {
  const { call } = pdfium;
  const bitmap = call.FPDFImageObj_GetBitmap(image);
  if (bitmap === 0) return undefined;
  try {
    const [width, height] = [call.FPDFBitmap_GetWidth(bitmap), call.FPDFBitmap_GetHeight(bitmap)];
    const stride = call.FPDFBitmap_GetStride(bitmap);
    const step = PIXEL_BYTES[call.FPDFBitmap_GetFormat(bitmap)];
    if (step === undefined) return undefined;
    const start = call.FPDFBitmap_GetBuffer(bitmap);
    const memory = pdfium.bytes().subarray(start, start + stride * height);
    return packed(memory, { width, height, stride, step });
  } finally {
    call.FPDFBitmap_Destroy(bitmap);
  }
}

function packed(
  memory: Uint8Array,
  { width, height, stride, step }: { width: number; height: number; stride: number; step: number },
): Samples {
  const channels = step === 1 ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, to = 0; y < height; y++) {
    const row = y * stride;
    if (step === 1) {
      data.set(memory.subarray(row, row + width), to);
      to += width;
      continue;
    }
    for (let from = row; from < row + width * step; from += step) {
      data[to++] = memory[from + 2] as number;
      data[to++] = memory[from + 1] as number;
      data[to++] = memory[from] as number;
    }
  }
  return { data, width, height, channels };
}

/** What a function writes to memory once it is told how much there is; it says how much it has. */
function read(pdfium: Pdfium, call: (to: number, size: number) => number): Uint8Array {
  const size = call(0, 0);
  if (size === 0) return new Uint8Array(0);
  return borrow(pdfium, size, (pointer) => {
    call(pointer, size);
    return pdfium.bytes().slice(pointer, pointer + size);
  });
}
