import * as v from "valibot";

export const CHECK_STATUSES = ["ok", "warning", "problem"] as const;

/** Result of a check of a lake: `problem` is an error, `warning` needs attention. */
export const CheckResultSchema = v.object({
  name: v.string(),
  status: v.picklist(CHECK_STATUSES),
  message: v.string(),
  advice: v.optional(v.string()),
  details: v.optional(v.record(v.string(), v.unknown())),
});
export type CheckResult = v.InferOutput<typeof CheckResultSchema>;

/** Without `full`, samples of rows and assets are checked. */
export const DoctorRequestSchema = v.strictObject({ full: v.optional(v.boolean(), false) });
export const DoctorProgressSchema = v.object({
  label: v.string(),
  done: v.number(),
  total: v.optional(v.number()),
});
export const DoctorReportSchema = v.object({ checks: v.array(CheckResultSchema) });
export type DoctorReport = v.InferOutput<typeof DoctorReportSchema>;
