import * as v from "valibot";
import type { Settings } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { parsePageFlags } from "../../ingest/page-options.ts";
import { parseMeta } from "../../ingest/parse-meta.ts";
import { parseTextOptions } from "../../ingest/text/options.ts";
import type { UploadRequest } from "../../ingest/upload-plan.ts";
import { type PartitionKey, RAW_TASK } from "../../schema/partition.ts";
import { IMAGE_POLICIES, RejectLimitSchema, UPLOAD_MODES, VERIFY_LEVELS } from "../../schema/upload.ts";

/** `?format=`; Parquet and Arrow are known by their first bytes. */
const FORMATS = ["parquet", "arrow", "json", "jsonl", "csv", "tsv"] as const;
const UNKNOWN_TYPE = "is neither raw nor task";

const SwitchSchema = v.optional(v.picklist(["true", "false"], "is neither true nor false"));
const MAX_NAME_BYTES = 200;
const FileNameSchema = v.pipe(
  v.string(),
  v.check(
    (name) => /^[^./\\\0][^/\\\0]*$/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES,
    `is not the name of a file (without folders, at most ${MAX_NAME_BYTES} bytes)`,
  ),
);

/** Named as the flags of `datalake upload`. */
export const ParametersSchema = v.strictObject({
  type: v.picklist(["raw", "task"], UNKNOWN_TYPE),
  provider: v.string(),
  dataset: v.string(),
  task: v.optional(v.string()),
  variant: v.optional(v.string()),
  /** `lang=ko`, once for each field. */
  meta: v.optional(v.union([v.string(), v.array(v.string())]), []),
  mode: v.optional(v.picklist(UPLOAD_MODES, `is none of ${UPLOAD_MODES.join(", ")}`)),
  images: v.optional(v.picklist(IMAGE_POLICIES, `is none of ${IMAGE_POLICIES.join(", ")}`)),
  verify: v.optional(v.picklist(VERIFY_LEVELS, `is none of ${VERIFY_LEVELS.join(", ")}`)),
  max_rejects: v.optional(RejectLimitSchema),
  strict: v.optional(v.picklist(["true", "false"], "is neither true nor false")),
  description: v.optional(v.string()),
  source: v.optional(v.string()),
  license: v.optional(v.string()),
  encoding: v.optional(v.string()),
  delimiter: v.optional(v.string()),
  quote: v.optional(v.string()),
  dpi: v.optional(v.string()),
  text_layer: SwitchSchema,
  split_from_folder: SwitchSchema,
  split_pages: SwitchSchema,
  /** The file is a zip made for this request of the files that are given: zips among them are opened too. */
  packed: SwitchSchema,
  /** Of the file, as its owner calls it: rows of a document or image are named by it. */
  name: v.optional(FileNameSchema),
  format: v.optional(v.picklist(FORMATS, `is none of ${FORMATS.join(", ")}`)),
});
export type Parameters = v.InferOutput<typeof ParametersSchema>;

/** Whether an upload under the same id goes where that one went. */
export function isSame(
  before: PartitionKey,
  { provider, dataset, task, variant, type }: Parameters,
): boolean {
  const wanted = {
    provider,
    dataset,
    task: type === "raw" ? RAW_TASK : task,
    variant: variant ?? before.variant,
  };
  return Object.entries(wanted).every(
    ([name, value]) => before[name as keyof PartitionKey] === value?.normalize(),
  );
}

/** Its extension is that of the format, where that is told. */
export function fileNameOf({ name = "input", format }: Parameters): string {
  const ending = format === undefined ? "" : `.${format}`;
  return name.toLowerCase().endsWith(ending) ? name : `${name}${ending}`;
}

/** Passwords of documents are in a header, percent-encoded, or UTF-8 as it is: addresses are in logs. */
export function passwordsOf({ headers }: Request): string[] {
  const given = headers.get("x-document-password");
  if (given === null) return [];
  try {
    // Each character of a header is one of its bytes.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(given, "latin1"));
    return text.split(",").map((password) => decodeURIComponent(password.trim()));
  } catch {
    throw new AppError("usage", "the header X-Document-Password is not percent-encoded UTF-8");
  }
}

export async function requestOf(
  {
    meta,
    max_rejects,
    format: _,
    name: __,
    encoding,
    delimiter,
    quote,
    dpi,
    text_layer: textLayer,
    split_from_folder: splitFromFolder,
    split_pages: splitPages,
    packed,
    strict,
    ...given
  }: Parameters,
  passwords: readonly string[],
  settings: Pick<Settings, "images" | "upload">,
): Promise<UploadRequest> {
  return {
    ...given,
    meta: parseMeta([meta].flat()),
    mode: given.mode ?? "create",
    images: given.images ?? settings.images.policy,
    verify: given.verify ?? settings.images.verify,
    maxRejects: max_rejects ?? settings.upload.max_rejects,
    strict: strict === "true",
    description: given.description ?? "",
    source: given.source ?? "",
    text: parseTextOptions({ encoding, delimiter, quote }),
    read: {
      splitFromFolder: splitFromFolder === "true",
      splitPages: splitPages === "true",
      packed: packed === "true",
    },
    pages: await parsePageFlags({ dpi, textLayer: textLayer === "true", passwords }),
  };
}
