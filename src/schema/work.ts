import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { CONTENT_KINDS, IMAGE_POLICIES, VERIFY_LEVELS } from "./upload.ts";

/** What a worker is asked: read, check and prepare some contents of one upload. Paths and ids travel, never bytes. */
export const PrepareRequestSchema = v.object({
  type: v.literal("prepare"),
  kind: v.picklist(CONTENT_KINDS),
  policy: v.picklist(IMAGE_POLICIES),
  verify: v.picklist(VERIFY_LEVELS),
  max_pixels: v.number(),
  max_bytes: v.number(),
  /** Folder for newly encoded files: on the file system of the assets. */
  temp_folder: v.string(),
  /** File in which the worker keeps the `source_hash` it works on, so that a killed process tells its suspect. */
  suspect_file: v.nullable(v.string()),
  contents: v.array(
    v.object({
      source_hash: Sha256Schema,
      /** Absolute path of the staged file, or of an asset that already holds these bytes. */
      path: v.string(),
      source_name: v.nullable(v.string()),
    }),
  ),
});
export type PrepareRequest = v.InferOutput<typeof PrepareRequestSchema>;

/**
 * What a worker answers for each content, in the order asked. `file` is a complete file with the stored bytes: the
 * given path itself when the bytes are kept, else a new file in `temp_folder`.
 */
export const PreparedContentSchema = v.variant("ok", [
  v.object({
    ok: v.literal(true),
    source_hash: Sha256Schema,
    hash: Sha256Schema,
    extension: v.string(),
    format: v.string(),
    width: v.nullable(v.number()),
    height: v.nullable(v.number()),
    bytes: v.number(),
    pixel_hash: v.nullable(v.string()),
    file: v.string(),
    /** The path given: shows the pixels that `pixel_hash` stands for. */
    source: v.string(),
  }),
  v.object({ ok: v.literal(false), source_hash: Sha256Schema, reason: v.string() }),
]);
export type PreparedContent = v.InferOutput<typeof PreparedContentSchema>;
