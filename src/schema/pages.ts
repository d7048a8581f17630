import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { textOf } from "./values.ts";

/** Dots an inch at which pages are drawn: fewer are no page to read, more is more than any scanner gives. */
export const MIN_DPI = 72;
export const MAX_DPI = 600;
export const DEFAULT_DPI = 200;

/** Larger ones are no document that anybody scans. */
export const MAX_DOCUMENT_BYTES = 2_000_000_000;

export const KEEP_DOCUMENTS = ["auto", "always", "never"] as const;
export type KeepDocuments = (typeof KEEP_DOCUMENTS)[number];

/** How the pages of the documents in an upload are made; part of its manifest. */
export const PageSettingsSchema = v.strictObject({
  /** Of pages that are drawn. */
  dpi: v.pipe(
    v.number(),
    v.check(
      (dpi) => Number.isInteger(dpi) && dpi >= MIN_DPI && dpi <= MAX_DPI,
      `is not a whole number from ${MIN_DPI} to ${MAX_DPI}`,
    ),
  ),
  /** Whether the words of a page are wanted in the column `text_layer`. */
  text_layer: v.boolean(),
  /** SHA-256 of a font file among the contents, for text whose own font is in neither the document nor the system. */
  font: v.nullable(Sha256Schema),
  /** Tried on every document that is encrypted. They leave the lake with the staged upload. */
  passwords: v.pipe(v.array(textOf(1024)), v.maxLength(100, "are more than 100 passwords")),
});
export type PageSettings = v.InferOutput<typeof PageSettingsSchema>;

/** The same as a person asks for it: the font is a file, whose digest is known when it is staged. */
export interface PageWishes extends Omit<PageSettings, "font" | "passwords"> {
  passwords: readonly string[];
  /** Path of a font file. */
  fontFile: string | undefined;
}
export const DEFAULT_PAGES: PageWishes = {
  dpi: DEFAULT_DPI,
  text_layer: false,
  fontFile: undefined,
  passwords: [],
};

/** Which page a row is; columns of its upload. */
export const DOCUMENT_COLUMN = { name: "document", type: "VARCHAR" } as const;
export const PAGE_COLUMN = { name: "page", type: "INTEGER" } as const;

/**
 * What processing finds of a page, in columns of the upload that are staged empty: whether it is an image of the document
 * or was drawn, where the document is kept (relative to `assets/`), and its words.
 */
export const PAGE_SOURCE_COLUMN = { name: "page_source", type: "VARCHAR" } as const;
export const DOCUMENT_PATH_COLUMN = { name: "document_path", type: "VARCHAR" } as const;
export const TEXT_LAYER_COLUMN = { name: "text_layer", type: "VARCHAR" } as const;

export const PAGE_SOURCES = ["image", "drawn"] as const;
export type PageSource = (typeof PAGE_SOURCES)[number];

/** The columns that processing fills of an upload with such settings. */
export function pageResultColumns({ text_layer }: Pick<PageSettings, "text_layer">) {
  return [PAGE_SOURCE_COLUMN, DOCUMENT_PATH_COLUMN, ...(text_layer ? [TEXT_LAYER_COLUMN] : [])];
}

/**
 * `source_hash` of a page: the same for the same page of the same bytes under the settings that its pixels depend on, so
 * that it is not made again.
 */
export function pageHash(
  document: string,
  page: number,
  { dpi, font }: Pick<PageSettings, "dpi" | "font">,
): string {
  const told = ["page", document, page, dpi, font ?? ""].join("\n");
  return new Bun.CryptoHasher("sha256").update(told).digest("hex");
}
