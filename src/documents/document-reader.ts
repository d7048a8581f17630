import { type Logger, silentLogger } from "../log.ts";
import type { ConvertResult } from "./convert/convert.ts";
import { DOCUMENT_LIMITS, type DocumentLimits } from "./limits.ts";
import type { PageResult } from "./page.ts";
import { createReaderProcess } from "./reader-process.ts";

export type { ConvertResult };

export interface PdfDescription {
  kind: "pdf";
  pages: number;
  /** It has a password, if an empty one. */
  encrypted: boolean;
  /** Its maker forbids to copy out of it. */
  copyForbidden: boolean;
  /** For the log. */
  notices: string[];
}

export interface PageRequest {
  path: string;
  /** From 1. */
  page: number;
  /** Tried in this order, after none. */
  passwords: readonly string[];
  /** Of a page that is drawn. */
  dpi: number;
  /** A font file for Korean that the document does not hold; null: one of this machine. */
  font: string | null;
  maxPixels: number;
  image: boolean;
  text: boolean;
  /** For people to look at: drawn whatever it is, as far as that goes, also without the fonts of its text. */
  sketch?: boolean;
  /** The file to write, without an extension of ours. */
  output: string;
}

export interface ConvertRequest {
  path: string;
  kind: "heic" | "jp2";
  maxPixels: number;
  output: string;
}

/** Why one page or image is not to be had: the reason of its row. */
export interface Refusal {
  ok: false;
  reason: string;
}

/** Reads documents of others in a process apart, which may die. Calls may overlap: they are done in turn. */
export interface DocumentReader {
  /** Throws `invalid_input` with one sentence about a file that is of no use. */
  describe(path: string, options: { passwords: readonly string[] }): Promise<PdfDescription>;
  /** One page, its image to `output`. Throws what `describe` throws. */
  extractPage(request: PageRequest): Promise<PageResult | Refusal>;
  /** HEIC or JPEG 2000 to PNG at `output`: of 8 or 16 bits, grey or in colours, with alpha, as it was; in inks to TIFF. */
  convert(request: ConvertRequest): Promise<ConvertResult | Refusal>;
  /** Ends the process; what runs fails with `cancelled`. */
  close(): Promise<void>;
}

export interface ReaderOptions {
  /** The program and its leading arguments, without a command. */
  selfCommand: readonly string[];
  limits?: Partial<DocumentLimits>;
  logger?: Logger;
}

/** The process starts with the first call, and anew after it died. */
export function createDocumentReader(options: ReaderOptions): DocumentReader {
  const limits = { ...DOCUMENT_LIMITS, ...options.limits };
  const process = createReaderProcess(options.selfCommand, limits, options.logger ?? silentLogger);
  return {
    describe: (path, { passwords }) =>
      process.run<PdfDescription>({ kind: "describe", path, passwords: [...passwords] }),
    extractPage: ({ passwords, sketch = false, ...request }) =>
      process.run<PageResult | Refusal>({ kind: "page", ...request, sketch, passwords: [...passwords] }),
    convert: ({ kind, ...request }) =>
      process.run<ConvertResult | Refusal>({ kind: "convert", format: kind, ...request }),
    close: process.close,
  };
}
