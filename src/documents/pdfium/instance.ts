import { init } from "@embedpdf/pdfium";
import { compilePdfium } from "../../native.ts";

/** Functions of PDFium's C interface that are called, by their names there (fpdfview.h and its neighbours). */
export type PdfiumCall =
  | "malloc"
  | "free"
  | "FPDFBitmap_CreateEx"
  | "FPDFBitmap_Destroy"
  | "FPDFBitmap_GetBuffer"
  | "FPDFBitmap_GetFormat"
  | "FPDFBitmap_GetHeight"
  | "FPDFBitmap_GetStride"
  | "FPDFBitmap_GetWidth"
  | "FPDFFormObj_CountObjects"
  | "FPDFFormObj_GetObject"
  | "FPDFImageObj_GetBitmap"
  | "FPDFImageObj_GetImageDataDecoded"
  | "FPDFImageObj_GetImageDataRaw"
  | "FPDFImageObj_GetImageFilter"
  | "FPDFImageObj_GetImageFilterCount"
  | "FPDFImageObj_GetImageMetadata"
  | "FPDFDoc_GetAttachmentCount"
  | "FPDFPage_CountObjects"
  | "FPDFPage_GetAnnotCount"
  | "FPDFPage_GetObject"
  | "FPDFPage_GetRotation"
  | "FPDFPageObj_GetMatrix"
  | "FPDFPageObj_GetType"
  | "FPDFPageObj_HasTransparency"
  | "FPDFTextObj_GetTextRenderMode"
  | "FPDFFont_GetBaseFontName"
  | "FPDFFont_GetFamilyName"
  | "FPDFFont_GetIsEmbedded"
  | "FPDFTextObj_GetFont"
  | "FPDFText_ClosePage"
  | "FPDFText_CountChars"
  | "FPDFText_GetCharBox"
  | "FPDFText_GetLooseCharBox"
  | "FPDFText_GetTextObject"
  | "FPDFText_GetUnicode"
  | "FPDFText_HasUnicodeMapError"
  | "FPDFText_IsGenerated"
  | "FPDFText_LoadPage"
  | "FPDF_CloseDocument"
  | "FPDF_ClosePage"
  | "FPDF_GetDocPermissions"
  | "FPDF_GetFormType"
  | "FPDF_GetLastError"
  | "FPDF_GetPageBoundingBox"
  | "FPDF_GetPageCount"
  | "FPDF_GetPageSizeByIndexF"
  | "FPDF_GetSecurityHandlerRevision"
  | "FPDF_LoadCustomDocument"
  | "FPDF_LoadPage"
  | "FPDF_RenderPageBitmap_Start"
  | "FPDF_RenderPage_Close"
  | "FPDF_SetSystemFontInfo"
  | "PDFiumExt_Init";

/** One instance of PDFium with a memory of its own, which grows and never shrinks. */
export interface Pdfium {
  /** The functions themselves: pointers and numbers go in, a number comes out. */
  call: Record<PdfiumCall, (...values: number[]) => number>;
  /** All of its memory, as it is now: every call may make it another. */
  bytes(): Uint8Array;
  view(): DataView;
  heapBytes(): number;
  /** Whether it was refused memory: what it threw then says less. */
  isFull(): boolean;
  /** A function that PDFium can call, as a pointer; `signature` as emscripten writes it, `v` and `i`. */
  pointerTo(callback: (...values: number[]) => number, signature: string): number;
  forget(pointer: number): void;
  textAt(pointer: number): string;
}

interface EmscriptenOptions {
  print(text: string): void;
  printErr(text: string): void;
  instantiateWasm(
    imports: Record<string, Record<string, unknown>>,
    done: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
  ): object;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Starts an instance that never holds more than `heapBytes`: PDFium then aborts, and the instance is of no more use. */
export async function startPdfium(heapBytes: number): Promise<Pdfium> {
  compiled ??= compilePdfium();
  const module = await compiled;
  let instance: WebAssembly.Instance | undefined;
  let full = false;
  // The types of the package lack some of what emscripten takes.
  const { pdfium } = await (init as (options: EmscriptenOptions) => ReturnType<typeof init>)({
    print: () => {},
    printErr: () => {},
    instantiateWasm: (imports, done) => {
      const environment = imports.env as Record<string, (wanted: number) => number>;
      const grow = environment.emscripten_resize_heap as (wanted: number) => number;
      environment.emscripten_resize_heap = (wanted) => {
        full ||= wanted >>> 0 > heapBytes;
        return full ? 0 : grow(wanted);
      };
      // Not at once: emscripten has set nothing up yet.
      void WebAssembly.instantiate(module, imports as never).then((started) => {
        instance = started as unknown as WebAssembly.Instance;
        done(instance, module);
      });
      return {};
    },
  });
  const exports = instance?.exports as unknown as Pdfium["call"] & { memory: WebAssembly.Memory };
  exports.PDFiumExt_Init();
  return {
    call: exports,
    bytes: () => new Uint8Array(exports.memory.buffer),
    view: () => new DataView(exports.memory.buffer),
    heapBytes: () => exports.memory.buffer.byteLength,
    isFull: () => full,
    pointerTo: (callback, signature) => pdfium.addFunction(callback, signature),
    forget: (pointer) => pdfium.removeFunction(pointer),
    textAt: (pointer) => (pointer === 0 ? "" : pdfium.UTF8ToString(pointer)),
  };
}

/** Lends memory of the instance to `use`. Throws when there is none left. */
export function borrow<T>({ call }: Pdfium, sizeBytes: number, use: (pointer: number) => T): T {
  const pointer = call.malloc(sizeBytes);
  if (pointer === 0) throw new WebAssembly.RuntimeError(`PDFium has no memory for ${sizeBytes} bytes`);
  try {
    return use(pointer);
  } finally {
    call.free(pointer);
  }
}
