import type { GenericSchema } from "valibot";
import * as v from "valibot";
import { mediaTypes, ROW_FORMATS, type RowFormat } from "../../query/output/formats.ts";
import { negotiate } from "../../query/output/negotiate.ts";
import { ENGINE_NAMES } from "../../schema/engines.ts";
import { DESCRIBE_HEADER } from "../../schema/result-description.ts";
import { READS, termsOf } from "./route-table.ts";

/** `?format=`, for clients that cannot set a header; it wins over Accept. */
export const FormatSchema = v.optional(v.picklist(ROW_FORMATS, `is none of ${ROW_FORMATS.join(", ")}`));
export const EngineSchema = v.optional(v.picklist(ENGINE_NAMES, `is none of ${ENGINE_NAMES.join(", ")}`));

export function formatOf(request: Request, asked: RowFormat | undefined): RowFormat {
  return asked ?? negotiate(request.headers.get("accept"));
}

/** Whether the Arrow answer should say of itself what a client of ours needs. */
export function wantsDescription(request: Request): boolean {
  return request.headers.has(DESCRIBE_HEADER);
}

/** The document of `search --json` and `sql --json`. */
export const RowDocumentSchema = v.object({
  engine: v.picklist(ENGINE_NAMES),
  columns: v.array(v.object({ name: v.string(), type: v.string() })),
  rows: v.array(v.record(v.string(), v.unknown())),
  row_count: v.number(),
  engine_ms: v.number(),
  scanned_bytes: v.optional(v.number()),
  cost_usd: v.optional(v.number()),
  /** The catalog that the rows are from. */
  generation: v.optional(v.number()),
});

/**
 * What a route that answers with rows says of itself: its media types, and its parameters where it reads them
 * itself.
 */
export interface RowRouteDetail {
  summary: string;
  rows: Record<string, GenericSchema>;
  query?: GenericSchema;
}

export function describeRows(kind: "search" | "sql", summary: string, query?: GenericSchema): RowRouteDetail {
  const types = ROW_FORMATS.map((format) => mediaTypes(format)[0]);
  return {
    summary,
    rows: Object.fromEntries(
      types.map((type) => [type, type === "application/json" ? RowDocumentSchema : v.string()]),
    ),
    ...(query && { query }),
    ...termsOf({ ...READS.terms, query: kind }),
  };
}
