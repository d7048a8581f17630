import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { PAGE_SOURCES } from "./pages.ts";

/** Facts of a stored asset: the row columns derived from its content. Null if it is not an image. */
export const AssetRecordSchema = v.object({
  /** SHA-256 of the uploaded bytes. */
  source_hash: Sha256Schema,
  /** SHA-256 of the stored bytes. */
  hash: Sha256Schema,
  /** Relative to `assets/`. */
  path: v.string(),
  /** Pixels, after EXIF orientation. */
  width: v.nullable(v.number()),
  height: v.nullable(v.number()),
  format: v.string(),
  bytes: v.number(),
  /** Pages or frames of the file; null in rows of lakes that did not count them. */
  pages: v.nullable(v.number()),
  /** EXIF orientation of the source, 1 to 8, applied to stored JPEGs; null if it had none. */
  orientation: v.nullable(v.number()),
  /** Horizontal dots per inch of the source. */
  dpi: v.nullable(v.number()),
  /** For images read completely: equal for files with the same page, from its coded data or all samples. */
  pixel_hash: v.nullable(v.string()),
  /** Whether a document page was an embedded image or rendered; null for other images. */
  page_source: v.nullable(v.picklist(PAGE_SOURCES)),
});
export type AssetRecord = v.InferOutput<typeof AssetRecordSchema>;
