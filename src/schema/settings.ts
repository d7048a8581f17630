import { availableParallelism } from "node:os";
import * as v from "valibot";
import { LOG_LEVELS } from "../log.ts";
import { ENGINE_SETTINGS } from "./engines.ts";
import { KEEP_DOCUMENTS } from "./pages.ts";
import { Octal, Positive, Size, Switch, Url } from "./setting-values.ts";
import { IMAGE_POLICIES, RejectLimitSchema, VERIFY_LEVELS } from "./upload.ts";

/** Pillow's limit, and thus that of `datasets`: twice its MAX_IMAGE_PIXELS. */
const MAX_PIXELS = 178_956_970;

/**
 * Every setting with its default; config.yaml in the project root explains them. Keys are those of the file;
 * the environment variable of `processing.num_proc` is `DATALAKE_PROCESSING_NUM_PROC`.
 */
export const SettingsSchema = v.strictObject({
  lake: v.optional(v.string()),
  server: v.optional(Url),
  /** Native libraries and asset indexes; safe to delete. */
  cache: v.optional(v.string()),
  /** Temporary database files; a local disk with room for two catalogs. */
  scratch: v.optional(v.string()),
  images: v.optional(
    v.strictObject({
      policy: v.optional(v.picklist(IMAGE_POLICIES), "optimize"),
      verify: v.optional(v.picklist(VERIFY_LEVELS), "full"),
      max_pixels: v.optional(Positive, MAX_PIXELS),
      max_bytes: v.optional(Size, "512MB"),
      keep_documents: v.optional(v.picklist(KEEP_DOCUMENTS), "auto"),
    }),
    {},
  ),
  upload: v.optional(v.strictObject({ max_rejects: v.optional(RejectLimitSchema, "1%") }), {}),
  processing: v.optional(
    v.strictObject({
      num_proc: v.optional(Positive, Math.max(1, availableParallelism())),
      batch_size: v.optional(Positive, 1000),
      memory: v.optional(Size, "1GB"),
      auto: v.optional(v.boolean(), false),
    }),
    {},
  ),
  serve: v.optional(
    v.strictObject({
      host: v.optional(v.string(), "127.0.0.1"),
      port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65535)), 8091),
      tokens: v.optional(v.string()),
      token_file: v.optional(v.string()),
      allowed_hosts: v.optional(v.array(v.string()), []),
      max_body: v.optional(Size, "1MB"),
      tls_cert: v.optional(v.string()),
      tls_key: v.optional(v.string()),
      trusted_proxies: v.optional(v.array(v.string()), []),
      max_upload_rows: v.optional(Positive, 20_000_000),
      max_upload_bytes: v.optional(Size, "1TB"),
      max_requests: v.optional(Positive, 256),
      max_requests_per_token: v.optional(Positive, 64),
      ui: v.optional(Switch, "on"),
    }),
    {},
  ),
  database: v.optional(
    v.strictObject({
      memory: v.optional(Size, "1GB"),
      threads: v.optional(Positive, Math.max(1, availableParallelism())),
    }),
    {},
  ),
  catalog: v.optional(
    v.strictObject({ index: v.optional(Switch, "on"), recent_from: v.optional(Size, "256MB") }),
    {},
  ),
  sql: v.optional(
    v.strictObject({
      timeout_s: v.optional(Positive, 60),
      memory: v.optional(Size, "1GB"),
      max_rows: v.optional(Positive, 1_000_000),
      max_bytes: v.optional(Size, "256MB"),
      max_running: v.optional(Positive, 4),
      max_running_per_token: v.optional(Positive),
    }),
    {},
  ),
  s3: v.optional(
    v.strictObject({
      bucket: v.optional(v.string()),
      prefix: v.optional(v.string(), "datalake"),
      region: v.optional(v.string()),
      endpoint: v.optional(Url),
    }),
    {},
  ),
  ...ENGINE_SETTINGS,
  permissions: v.optional(
    v.strictObject({ folder: v.optional(Octal, "0775"), file: v.optional(Octal, "0664") }),
    {},
  ),
  mount: v.optional(v.strictObject({ stale_s: v.optional(v.pipe(v.number(), v.minValue(0)), 25) }), {}),
  log: v.optional(
    v.strictObject({
      level: v.optional(v.picklist(LOG_LEVELS), "info"),
      max_size: v.optional(Size, "20MB"),
      keep: v.optional(Positive, 5),
    }),
    {},
  ),
});
export type SettingsInput = v.InferInput<typeof SettingsSchema>;
export type ParsedSettings = v.InferOutput<typeof SettingsSchema>;
