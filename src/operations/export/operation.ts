import * as v from "valibot";
import { EXPORT_FORMATS, type ExportFormat } from "../../export/formats.ts";
import {
  type ExportState,
  ExportStateSchema,
  ExportSummarySchema,
  exportRequestSchema,
} from "../../schema/export.ts";
import { defineOperation, type OperationRoutes } from "../operation.ts";
import type { ExportLocal } from "./run.ts";

const DAY_MS = 24 * 3_600_000;
const ProgressSchema = v.object({ rows_done: v.number(), rows_total: v.number() });

const routes: OperationRoutes = {
  start: "/exports",
  item: "/exports",
  idPrefix: "e",
  idName: "export_id",
  remove: "forget",
  document: ExportStateSchema,
  toDocument: ({ operation: _operation, request: _request, id, progress, ...state }) => ({
    export_id: id,
    ...state,
    progress: progress ?? { rows_done: 0, rows_total: 0 },
  }),
  fromDocument: ({ export_id: id, ...state }: ExportState) => ({
    operation: "export",
    id,
    request: null,
    ...state,
  }),
};

/** Exports rows in one of these formats, for download. */
export function defineExport(formats: readonly ExportFormat[]) {
  return defineOperation({
    name: "export",
    summary: `Prepares rows for download (${formats.map(({ name }) => name).join(", ")})`,
    command: "download",
    noun: ["export", "exports"],
    request: exportRequestSchema(formats),
    progress: ProgressSchema,
    result: ExportSummarySchema,
    role: "reader",
    queue: { running: 3, waiting: 20 },
    background: true,
    isolated: true,
    needsLocal: true,
    served: { by: "id", kept: { forMs: DAY_MS }, visibleTo: "owner", routes },
    inFolder: (output): ExportLocal => ({ output }),
    run: async (request, tools) => (await import("./run.ts")).runExport(request, formats, tools),
  });
}

export const EXPORT = defineExport(EXPORT_FORMATS);
