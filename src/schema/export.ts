import * as v from "valibot";
import { checkValue } from "./check.ts";
import { ENGINE_NAMES } from "./engines.ts";
import { FailureSchema } from "./failure.ts";
import { OPERATION_STATES, ResultFileSchema } from "./operation.ts";
import { RowQuerySchema } from "./query.ts";
import { SampleWishesSchema, type WishesFormat, wishesProblem } from "./samples.ts";
import { lineOf } from "./values.ts";

interface OfferedFormat extends WishesFormat {
  readonly images: readonly string[];
  /** Of a format that this build does not write: what to do. */
  readonly lacking?: string | undefined;
}

/** Request for an export by a server: which rows, in which of its formats. */
export function exportRequestSchema(formats: readonly OfferedFormat[]) {
  const written = formats.filter(({ lacking }) => lacking === undefined).map(({ name }) => name);
  const lackingOf = (wanted: unknown) => formats.find(({ name }) => name === wanted)?.lacking;
  return v.pipe(
    v.strictObject({
      ...RowQuerySchema.entries,
      engine: v.optional(v.picklist(ENGINE_NAMES)),
      format: v.picklist(
        written,
        ({ input }) => lackingOf(input) ?? `is none of the formats ${written.join(", ")}`,
      ),
      /** Clients may not have the lake mounted, so paths are not offered. */
      images: v.optional(v.picklist(["embed", "none"]), "embed"),
      skip_missing: v.optional(v.boolean(), false),
      samples: v.optional(SampleWishesSchema),
      /** Absolute path of the final folder, for formats that contain it. */
      final_folder: v.optional(v.pipe(lineOf(4096), v.startsWith("/", "is no absolute path"))),
    }),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed) return;
      const query = checkValue(RowQuerySchema, dataset.value);
      if (!query.success) addIssue({ message: query.issues[0].message });
      const { format, images, samples } = dataset.value;
      const known = formats.find(({ name }) => name === format);
      if (!known?.images.includes(images))
        addIssue({ message: `format ${format} has no images as ${images}` });
      const problem = known && wishesProblem(known, samples);
      if (problem !== undefined) addIssue({ message: `samples: ${problem}` });
    }),
  );
}
type RemoteExportSchema = ReturnType<typeof exportRequestSchema>;
export type RemoteExportInput = v.InferInput<RemoteExportSchema>;
export type RemoteExport = v.InferOutput<RemoteExportSchema>;

/** Rows, bytes of the data files, rows left out because their image is missing. */
export const ExportSummarySchema = v.object({
  rows: v.number(),
  bytes: v.number(),
  missing: v.number(),
  /**
   * Of a training format: what is in the output and what is not, a line each; the manifest has the numbers. Of others: how
   * columns met that differ between the partitions.
   */
  notes: v.optional(v.array(v.string())),
});
export type ExportSummary = v.InferOutput<typeof ExportSummarySchema>;

/** State of an export on a server. */
export const ExportStateSchema = v.object({
  export_id: v.string(),
  status: v.picklist(OPERATION_STATES),
  created_at: v.string(),
  finished_at: v.nullable(v.string()),
  progress: v.object({ rows_done: v.number(), rows_total: v.number() }),
  result: v.nullable(ExportSummarySchema),
  /** Set when completed: all files, including `manifest.json`. */
  files: v.array(ResultFileSchema),
  error: v.optional(FailureSchema),
});
export type ExportState = v.InferOutput<typeof ExportStateSchema>;
