import { borrow, type Pdfium } from "./instance.ts";

/** A page as it was drawn: rows from the top, without gaps. */
export interface Drawn {
  data: Uint8Array;
  /** In pixels. */
  width: number;
  height: number;
  /** 1: grey. 4: red, green, blue, and a byte that means nothing. */
  channels: 1 | 4;
}

export interface DrawTerms {
  /** In pixels. */
  width: number;
  height: number;
  /** Where the page goes, in those pixels; it fills them otherwise. */
  placed?: { left: number; top: number; width: number; height: number };
  /** Further quarters of a turn, clockwise. */
  quarters?: number;
  channels: 1 | 4;
  pauseMs: number;
}

/** `FPDFBitmap_*`. */
const GREY = 1;
const BGRX = 3;
/** Annotations are drawn; colours in grey; red first. */
const WITH_ANNOTATIONS = 1;
const IN_GREY = 8;
const RED_FIRST = 16;
/** `FPDF_RENDER_*`. */
const TO_BE_CONTINUED = 1;
const DONE = 2;

/**
 * Draws a page on white, into memory that is the result's own. `late` when the time is over: between two objects of the
 * page, PDFium looks.
 */
export function drawPage(pdfium: Pdfium, page: number, terms: DrawTerms): Drawn | "late" | "failed" {
  const { width, height, channels, pauseMs, quarters = 0 } = terms;
  const placed = terms.placed ?? { left: 0, top: 0, width, height };
  const { call } = pdfium;
  const sizeBytes = width * height * channels;
  return borrow(pdfium, sizeBytes, (pixels) => {
    pdfium.bytes().fill(255, pixels, pixels + sizeBytes);
    const bitmap = call.FPDFBitmap_CreateEx(
      width,
      height,
      channels === 1 ? GREY : BGRX,
      pixels,
      width * channels,
    );
    if (bitmap === 0) return "failed";
    try {
      const flags = WITH_ANNOTATIONS | (channels === 1 ? IN_GREY : RED_FIRST);
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
      return { data: pdfium.bytes().slice(pixels, pixels + sizeBytes), width, height, channels };
    } finally {
      call.FPDFBitmap_Destroy(bitmap);
    }
  });
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
