import * as v from "valibot";
import { ERROR_CODES, type ErrorCode } from "../errors.ts";

/** The hidden command of the process that reads documents. */
export const DOCUMENTS_COMMAND = "__documents";

const Passwords = v.array(v.string());

const DescribeSchema = v.object({ kind: v.literal("describe"), path: v.string(), passwords: Passwords });

const PageSchema = v.object({
  kind: v.literal("page"),
  path: v.string(),
  page: v.number(),
  passwords: Passwords,
  dpi: v.number(),
  font: v.nullable(v.string()),
  maxPixels: v.number(),
  image: v.boolean(),
  text: v.boolean(),
  sketch: v.boolean(),
  output: v.string(),
});

const ConvertSchema = v.object({
  kind: v.literal("convert"),
  path: v.string(),
  format: v.picklist(["heic", "jp2"]),
  maxPixels: v.number(),
  output: v.string(),
});

const LimitsSchema = v.object({
  fileBytes: v.number(),
  pages: v.number(),
  pauseMs: v.number(),
  killMs: v.number(),
  heapBytes: v.number(),
  residentBytes: v.number(),
});

/** What the parent asks, a line each. */
export const OrderSchema = v.object({
  id: v.number(),
  limits: LimitsSchema,
  task: v.variant("kind", [DescribeSchema, PageSchema, ConvertSchema]),
});
export type Order = v.InferOutput<typeof OrderSchema>;
export type Task = Order["task"];

const FailureSchema = v.object({
  code: v.picklist(Object.keys(ERROR_CODES) as ErrorCode[]),
  message: v.string(),
  details: v.optional(v.record(v.string(), v.unknown())),
});

/**
 * What the child says, a line each: that it began with an order, and what came of it. Orders begin one after the other;
 * of an earlier one the result may come later.
 */
export const ReportSchema = v.variant("type", [
  v.object({ type: v.literal("begun"), id: v.number() }),
  v.object({ type: v.literal("done"), id: v.number(), result: v.unknown() }),
  v.object({ type: v.literal("failed"), id: v.number(), error: FailureSchema }),
]);
export type Report = v.InferOutput<typeof ReportSchema>;
