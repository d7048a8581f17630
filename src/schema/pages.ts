import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { textOf } from "./values.ts";

/** Resolution range for rendering pages: from barely readable to the limit of scanners. */
export const MIN_DPI = 72;
export const MAX_DPI = 600;
export const DEFAULT_DPI = 200;

/** Larger than any scanned document. */
export const MAX_DOCUMENT_BYTES = 2_000_000_000;

export const KEEP_DOCUMENTS = ["auto", "always", "never"] as const;
export type KeepDocuments = (typeof KEEP_DOCUMENTS)[number];

/** How pages of an upload's documents are made; part of its manifest. */
export const PageSettingsSchema = v.strictObject({
  dpi: v.pipe(
    v.number(),
    v.check(
      (dpi) => Number.isInteger(dpi) && dpi >= MIN_DPI && dpi <= MAX_DPI,
      `is not a whole number from ${MIN_DPI} to ${MAX_DPI}`,
    ),
  ),
  /** Whether to store a page's text in the column `text_layer`. */
  text_layer: v.boolean(),
  /** SHA-256 of a font file among the contents, for text whose font is neither embedded nor installed. */
  font: v.nullable(Sha256Schema),
  /** Tried on every encrypted document. They leave the lake with the staged upload. */
  passwords: v.pipe(v.array(textOf(1024)), v.maxLength(100, "are more than 100 passwords")),
});
export type PageSettings = v.InferOutput<typeof PageSettingsSchema>;

/** The user's request: the font is a file, hashed when it is staged. */
export interface PageWishes extends Omit<PageSettings, "font" | "passwords"> {
  passwords: readonly string[];
  fontFile: string | undefined;
}
export const DEFAULT_PAGES: PageWishes = {
  dpi: DEFAULT_DPI,
  text_layer: false,
  fontFile: undefined,
  passwords: [],
};

/** Columns of an upload that identify a row's page. */
export const DOCUMENT_COLUMN = { name: "document", type: "VARCHAR" } as const;
export const PAGE_COLUMN = { name: "page", type: "INTEGER" } as const;

/**
 * Columns staged empty and filled by processing: whether the page was an embedded image or rendered, the path
 * of the stored document relative to `assets/`, and its text.
 */
export const PAGE_SOURCE_COLUMN = { name: "page_source", type: "VARCHAR" } as const;
export const DOCUMENT_PATH_COLUMN = { name: "document_path", type: "VARCHAR" } as const;
export const TEXT_LAYER_COLUMN = { name: "text_layer", type: "VARCHAR" } as const;

export const PAGE_SOURCES = ["image", "drawn"] as const;
export type PageSource = (typeof PAGE_SOURCES)[number];

/** Columns that processing fills under these settings. */
export function pageResultColumns({ text_layer }: Pick<PageSettings, "text_layer">) {
  return [PAGE_SOURCE_COLUMN, DOCUMENT_PATH_COLUMN, ...(text_layer ? [TEXT_LAYER_COLUMN] : [])];
}

/** `source_hash` of a page: a hash of its document, number and the settings that affect its pixels. */
export function pageHash(
  document: string,
  page: number,
  { dpi, font }: Pick<PageSettings, "dpi" | "font">,
): string {
  const told = ["page", document, page, dpi, font ?? ""].join("\n");
  return new Bun.CryptoHasher("sha256").update(told).digest("hex");
}
