import * as v from "valibot";
import { recordOf } from "./bounds.ts";
import { FeaturesSchema, REFERENCE_COLUMNS, UploadColumnsSchema } from "./columns.ts";
import { type ImageColumn, ImageColumnsSchema, isOwn, OWN_IMAGE } from "./image-columns.ts";
import { NameSchema, UploadIdSchema } from "./names.ts";
import { DOCUMENT_COLUMN, PAGE_COLUMN, PageSettingsSchema } from "./pages.ts";
import { RAW_TASK, RAW_VARIANTS } from "./partition.ts";
import { CountSchema, lineOf, TimeSchema, textOf } from "./values.ts";

export const UPLOAD_MODES = ["create", "append", "replace"] as const;
export const IMAGE_POLICIES = ["optimize", "preserve", "jpeg"] as const;
export const VERIFY_LEVELS = ["full", "header"] as const;
export const CONTENT_KINDS = ["image", "file"] as const;

export type UploadMode = (typeof UPLOAD_MODES)[number];
export type ImagePolicy = (typeof IMAGE_POLICIES)[number];
export type VerifyLevel = (typeof VERIFY_LEVELS)[number];
export type ContentKind = (typeof CONTENT_KINDS)[number];

/** Rows that may be rejected before the whole upload fails: a share (`1%`) or a count (`0` = none). */
export const RejectLimitSchema = v.pipe(
  textOf(32),
  v.regex(/^(\d+|\d+(\.\d+)?%)$/, "is neither a number of rows (0) nor a share of them (1%)"),
  v.check((limit) => !limit.endsWith("%") || Number.parseFloat(limit) <= 100, "is more than all rows (100%)"),
);

const MAX_TEXT_LENGTH = 10_000;
export const LicenseSchema = v.pipe(lineOf(200), v.nonEmpty("is empty"));
const MAX_FIELDS = 1000;

/**
 * `upload.json`, the last file written into an upload's folder.
 *
 * Beside it, `data.parquet` holds the rows in input order: the user's columns (plain types), the required
 * fields of the task as constant columns, then
 * - `source_row` BIGINT: 0-based position in the input;
 * - `source_hash` VARCHAR: SHA-256 of the row's image or file, which is in `files/ab/<sha256>` unless the
 *   dataset already has this asset; NULL without content;
 * - `source_name` VARCHAR: its file name or relative path;
 * - both for each further image column, as `<column>_source_hash` and `<column>_source_name`;
 * - for pages: `document`, the SHA-256 of the file in `files/`, and `page`, from 1; `source_hash` is then
 *   their `pageHash` (schema/pages.ts);
 * - for uploads that refer to raw assets: the reference column (`hash`, `path`, `source_name` or
 *   `source_stem`);
 * - `__reject` VARCHAR: why the client rejected the row (missing file, bad JSON), else NULL.
 */
const ManifestFieldsSchema = v.strictObject({
  format: v.literal(1),
  upload_id: UploadIdSchema,
  created_at: TimeSchema,
  created_by: lineOf(256),
  type: v.picklist(["raw", "task"]),
  provider: NameSchema,
  dataset: NameSchema,
  task: NameSchema,
  variant: NameSchema,
  mode: v.picklist(UPLOAD_MODES),
  images: v.picklist(IMAGE_POLICIES),
  verify: v.picklist(VERIFY_LEVELS),
  max_rejects: RejectLimitSchema,
  description: v.optional(textOf(MAX_TEXT_LENGTH), ""),
  source: v.optional(textOf(MAX_TEXT_LENGTH), ""),
  /** Of the data, as its owner names it: `CC-BY-4.0`. Absent where none was given. */
  license: v.optional(LicenseSchema),
  meta: v.optional(recordOf(lineOf(128), textOf(MAX_TEXT_LENGTH), MAX_FIELDS), {}),
  rows: CountSchema,
  columns: UploadColumnsSchema,
  features: v.optional(FeaturesSchema, {}),
  /** Kind of content: images, other files, or none. */
  content: v.nullable(v.picklist(CONTENT_KINDS)),
  /** Image columns, unless there is only the row's own image or file; see schema/image-columns.ts. */
  image_columns: v.optional(ImageColumnsSchema),
  /** Distinct contents that rows refer to, and those in `files/` with their bytes. */
  contents: v.optional(CountSchema, 0),
  staged_files: v.optional(CountSchema, 0),
  staged_bytes: v.optional(CountSchema, 0),
  reference: v.nullable(v.picklist(REFERENCE_COLUMNS)),
  /** Reject rows whose labels do not fit the task's view. */
  strict: v.optional(v.boolean()),
  /** How pages of the documents in column `document` are made; absent without pages. */
  pages: v.optional(PageSettingsSchema),
});
export const UploadManifestSchema = v.pipe(
  ManifestFieldsSchema,
  v.check(
    ({ type, task }) => (type === "raw") === (task === RAW_TASK),
    (issue) => `an upload of type ${issue.input.type} cannot be of the task ${issue.input.task}`,
  ),
  v.check(
    ({ type, variant }) => type !== "raw" || RAW_VARIANTS.some((known) => known === variant),
    (issue) => `raw data has no variant ${issue.input.variant}`,
  ),
  v.check(
    ({ type, reference }) => type !== "raw" || reference === null,
    "raw data cannot refer to other data",
  ),
  v.check(
    ({ content, image_columns: columns }) => columns === undefined || content === "image",
    "only images come in several columns",
  ),
  v.check(
    ({ content, pages, columns, image_columns: images }) =>
      pages === undefined ||
      (content === "image" &&
        (images === undefined || images.some(isOwn)) &&
        [DOCUMENT_COLUMN, PAGE_COLUMN].every(({ name, type }) =>
          columns.some((column) => column.name === name && column.type === type),
        )),
    "only rows with an image of their own are pages, named by the columns document and page",
  ),
);
export type UploadManifest = v.InferOutput<typeof UploadManifestSchema>;

/** Columns of images or files stored by an upload; empty if it only refers to assets. */
export function broughtColumns(manifest: Pick<UploadManifest, "content" | "image_columns">): ImageColumn[] {
  return manifest.image_columns ?? (manifest.content === null ? [] : [OWN_IMAGE]);
}

/**
 * The image policy of a column. A further image may be a mask with values for pixels: it is kept if in doubt.
 */
export function policyFor(column: ImageColumn, policy: ImagePolicy): ImagePolicy {
  return policy === "optimize" && !isOwn(column) ? "preserve" : policy;
}

/** `error.json` of an upload in `staging/failed/`. */
export const UploadFailureSchema = v.looseObject({
  upload_id: UploadIdSchema,
  job_id: v.optional(v.string()),
  failed_at: v.string(),
  code: v.string(),
  message: v.string(),
  details: v.optional(v.record(v.string(), v.unknown())),
});
export type UploadFailure = v.InferOutput<typeof UploadFailureSchema>;
