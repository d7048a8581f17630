import type { Samples } from "./image.ts";
import { borrow, type Pdfium } from "./instance.ts";

export interface DrawTerms {
  /** In pixels. */
  width: number;
  height: number;
  /** Where the page goes, in those pixels; it fills them otherwise. */
  placed?: { left: number; top: number; width: number; height: number };
  /** Further quarters of a turn, clockwise. */
  quarters?: number;
  /** Without what is not the page's own: links, notes, stamps, fields of forms. */
  bare?: boolean;
  pauseMs: number;
}

/** `FPDFBitmap_*`. */
const BGRX = 3;
/** Annotations are drawn; red first. */
const WITH_ANNOTATIONS = 1;
const RED_FIRST = 16;
/** `FPDF_RENDER_*`. */
const TO_BE_CONTINUED = 1;
const DONE = 2;

/**
 * Draws a page on white, in one channel where all of it is grey. `late` when the time is over: between two objects of the
 * page, PDFium looks.
 */
export function drawPage(pdfium: Pdfium, page: number, terms: DrawTerms): Samples | "late" | "failed" {
  const { width, height, pauseMs, quarters = 0, bare = false } = terms;
  const placed = terms.placed ?? { left: 0, top: 0, width, height };
  const { call } = pdfium;
  const sizeBytes = width * height * 4;
  return borrow(pdfium, sizeBytes, (pixels) => {
    pdfium.bytes().fill(255, pixels, pixels + sizeBytes);
    const bitmap = call.FPDFBitmap_CreateEx(width, height, BGRX, pixels, width * 4);
    if (bitmap === 0) return "failed";
    try {
      const flags = (bare ? 0 : WITH_ANNOTATIONS) | RED_FIRST;
      const status = paused(pdfium, pauseMs, (pause) => {
        const reached = call.FPDF_RenderPageBitmap_Start(
          bitmap,
          page,
          placed.left,
          placed.top,
          placed.width,
          placed.height,
          quarters,
          flags,
          pause,
        );
        call.FPDF_RenderPage_Close(page);
        return reached;
      });
      if (status !== DONE) return status === TO_BE_CONTINUED ? "late" : "failed";
      const drawn = new Uint32Array(pdfium.bytes().buffer, pixels, width * height);
      return { ...(toGrey(drawn) ?? toColours(drawn)), width, height };
    } finally {
      call.FPDFBitmap_Destroy(bitmap);
    }
  });
}

/** Undefined where a pixel has a colour. */
function toGrey(pixels: Uint32Array): Pick<Samples, "data" | "channels"> | undefined {
  const data = new Uint8Array(pixels.length);
  for (let at = 0; at < pixels.length; at++) {
    const pixel = pixels[at] as number;
    if (((pixel ^ (pixel >>> 8)) & 0xffff) !== 0) return undefined;
    data[at] = pixel;
  }
  return { data, channels: 1 };
}

/** Without the fourth byte of each pixel, which means nothing. */
function toColours(pixels: Uint32Array): Pick<Samples, "data" | "channels"> {
  const data = new Uint8Array(pixels.length * 3);
  for (let at = 0, to = 0; at < pixels.length; at++) {
    const pixel = pixels[at] as number;
    data[to++] = pixel;
    data[to++] = pixel >>> 8;
    data[to++] = pixel >>> 16;
  }
  return { data, channels: 3 };
}

/** Lends an IFSDK_PAUSE that asks to stop when the time is over. */
function paused(pdfium: Pdfium, ms: number, use: (pause: number) => number): number {
  const end = performance.now() + ms;
  const isOver = pdfium.pointerTo(() => (performance.now() > end ? 1 : 0), "ii");
  try {
    return borrow(pdfium, 12, (pause) => {
      const view = pdfium.view();
      view.setInt32(pause, 1, true); // version
      view.setInt32(pause + 4, isOver, true);
      view.setInt32(pause + 8, 0, true);
      return use(pause);
    });
  } finally {
    pdfium.forget(isOver);
  }
}
