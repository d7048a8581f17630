import * as v from "valibot";
import { Sha256Schema } from "./names.ts";

/** What is known of a stored asset: the row columns that follow from its content. Null where it is no image. */
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
  pixel_hash: v.nullable(v.string()),
});
export type AssetRecord = v.InferOutput<typeof AssetRecordSchema>;
