import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { PAGE_SOURCES } from "./pages.ts";
import { CONTENT_KINDS, IMAGE_POLICIES, VERIFY_LEVELS } from "./upload.ts";

/** See lake/layout.ts: a file others may have put there, and the folder below which no link is followed. */
const StagedPathSchema = v.object({ stagedAt: v.string(), staging: v.string() });

/** Request to a worker: read, check, prepare contents of one upload. Paths and ids are sent, never bytes. */
export const PrepareRequestSchema = v.object({
  type: v.literal("prepare"),
  kind: v.picklist(CONTENT_KINDS),
  policy: v.picklist(IMAGE_POLICIES),
  verify: v.picklist(VERIFY_LEVELS),
  max_pixels: v.number(),
  max_bytes: v.number(),
  /** Folder for future assets, on their file system and closed to other accounts. */
  temp_folder: v.string(),
  /** Mode of those files, and the group to set if they do not inherit it. */
  file_mode: v.number(),
  file_group: v.nullable(v.number()),
  /** File where the worker records its current `source_hash`, to find the suspect after a crash. */
  suspect_file: v.nullable(v.string()),
  contents: v.array(
    v.object({
      source_hash: Sha256Schema,
      /** The staged file, or an asset with the same bytes. */
      place: StagedPathSchema,
      /** It is such an asset: nothing needs to be stored. */
      is_stored: v.boolean(),
      source_name: v.nullable(v.string()),
    }),
  ),
});
export type PrepareRequest = v.InferOutput<typeof PrepareRequestSchema>;

const CONVERTIBLE = ["heic", "jp2"] as const;
export type Convertible = (typeof CONVERTIBLE)[number];

/** A worker's result for each content, in request order. */
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
    pages: v.nullable(v.number()),
    orientation: v.nullable(v.number()),
    dpi: v.nullable(v.number()),
    pixel_hash: v.nullable(v.string()),
    page_source: v.optional(v.picklist(PAGE_SOURCES)),
    /** A complete file with the bytes to store: in `temp_folder`, or an existing asset. */
    file: v.string(),
    file_is: v.picklist(["written", "linked", "stored"]),
  }),
  v.object({
    ok: v.literal(false),
    source_hash: Sha256Schema,
    reason: v.string(),
    /** May be an image that a document reader decodes. */
    convertible: v.optional(v.picklist(CONVERTIBLE)),
  }),
]);
export type PreparedContent = v.InferOutput<typeof PreparedContentSchema>;
