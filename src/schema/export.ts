import * as v from "valibot";
import { ENGINE_NAMES, RowQuerySchema } from "./query.ts";

export const ExportIdSchema = v.pipe(v.string(), v.regex(/^e[0-9a-f]{32}$/, "is not an export id"));

export function createExportId(): string {
  return `e${crypto.randomUUID().replaceAll("-", "")}`;
}

/** What a server is asked to put together: which rows, in which shape. */
export const RemoteExportSchema = v.strictObject({
  ...RowQuerySchema.entries,
  engine: v.optional(v.picklist(ENGINE_NAMES)),
  format: v.picklist(["parquet", "arrow", "dataset"]),
  /** Paths into the lake mean nothing to who does not have it mounted. */
  images: v.optional(v.picklist(["embed", "none"]), "embed"),
  skip_missing: v.optional(v.boolean(), false),
});
export type RemoteExportInput = v.InferInput<typeof RemoteExportSchema>;
export type RemoteExport = v.InferOutput<typeof RemoteExportSchema>;

/** A file of an export: its name in the output folder, its size and the SHA-256 of its content. */
export const ExportFileSchema = v.object({ name: v.string(), bytes: v.number(), sha256: v.string() });
export type ExportFile = v.InferOutput<typeof ExportFileSchema>;

/** An export of a server, as it stands. */
export const ExportStateSchema = v.object({
  export_id: ExportIdSchema,
  status: v.picklist(["queued", "running", "completed", "failed", "cancelled"]),
  created_at: v.string(),
  finished_at: v.nullable(v.string()),
  progress: v.object({ rows_done: v.number(), rows_total: v.number() }),
  /** Of a completed one: rows, bytes of the data files, rows left out for want of their image. */
  result: v.nullable(v.object({ rows: v.number(), bytes: v.number(), missing: v.number() })),
  /** Of a completed one: all files, `manifest.json` among them. */
  files: v.array(ExportFileSchema),
  error: v.optional(
    v.object({
      code: v.string(),
      message: v.string(),
      details: v.optional(v.record(v.string(), v.unknown())),
    }),
  ),
});
export type ExportState = v.InferOutput<typeof ExportStateSchema>;
