import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { PAGE_SOURCES } from "./pages.ts";

/** What is known of a stored asset: the row columns that follow from its content. Null where it is not an image. */
export const AssetRecordSchema = v.object({
  /** SHA-256 of what was uploaded. */
  source_hash: Sha256Schema,
  /** SHA-256 of what is stored. */
  hash: Sha256Schema,
  /** Relative to `assets/`. */
  path: v.string(),
  /** Pixels, after EXIF orientation. */
  width: v.nullable(v.number()),
  height: v.nullable(v.number()),
  format: v.string(),
  /** Size of the stored file. */
  bytes: v.number(),
  /** Pages or frames in the file; null in rows of a lake that did not count them. */
  pages: v.nullable(v.number()),
  /** The EXIF value, 1 to 8, that the source came with; null where it said nothing. Stored JPEGs are turned by it. */
  orientation: v.nullable(v.number()),
  /** Dots an inch, across, that the source names. */
  dpi: v.nullable(v.number()),
  /** Of what was read whole: equal for files that show the same page, by what is coded or by all samples. */
  pixel_hash: v.nullable(v.string()),
  /** Whether a page of a document is an image of it or was drawn; null for what is no page. */
  page_source: v.nullable(v.picklist(PAGE_SOURCES)),
});
export type AssetRecord = v.InferOutput<typeof AssetRecordSchema>;
