import * as v from "valibot";
import { Sha256Schema } from "./names.ts";
import { PAGE_SOURCES } from "./pages.ts";
import { CONTENT_KINDS, IMAGE_POLICIES, VERIFY_LEVELS } from "./upload.ts";

/** As in lake/layout.ts: a file that others may have put there, and the folder below which no link is followed. */
const StagedPathSchema = v.object({ stagedAt: v.string(), staging: v.string() });

/** What a worker is asked: read, check and prepare some contents of one upload. Paths and ids travel, never bytes. */
export const PrepareRequestSchema = v.object({
  type: v.literal("prepare"),
  kind: v.picklist(CONTENT_KINDS),
  policy: v.picklist(IMAGE_POLICIES),
  verify: v.picklist(VERIFY_LEVELS),
  max_pixels: v.number(),
  max_bytes: v.number(),
  /** Folder for the files that become assets: on their file system, and closed to other accounts. */
  temp_folder: v.string(),
  /** Permissions of those files, and the group to give them where they do not get it by themselves. */
  file_mode: v.number(),
  file_group: v.nullable(v.number()),
  /** File in which the worker keeps the `source_hash` it works on, so that a killed process tells its suspect. */
  suspect_file: v.nullable(v.string()),
  contents: v.array(
    v.object({
      source_hash: Sha256Schema,
      /** The staged file, or an asset that already holds these bytes. */
      place: StagedPathSchema,
      /** Whether it is that asset: nothing is then to be stored. */
      is_stored: v.boolean(),
      source_name: v.nullable(v.string()),
    }),
  ),
});
export type PrepareRequest = v.InferOutput<typeof PrepareRequestSchema>;

const CONVERTIBLE = ["heic", "jp2"] as const;
export type Convertible = (typeof CONVERTIBLE)[number];

/** What a worker answers for each content, in the order asked. */
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
    /** A complete file with these very bytes: in `temp_folder`, or the asset that holds them already. */
    file: v.string(),
    file_is: v.picklist(["written", "linked", "stored"]),
  }),
  v.object({
    ok: v.literal(false),
    source_hash: Sha256Schema,
    reason: v.string(),
    /** It may be an image that a reader of documents decodes. */
    convertible: v.optional(v.picklist(CONVERTIBLE)),
  }),
]);
export type PreparedContent = v.InferOutput<typeof PreparedContentSchema>;
