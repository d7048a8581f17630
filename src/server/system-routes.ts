import { Elysia } from "elysia";
import * as v from "valibot";
import { listUploads } from "../lake/manifests.ts";
import { JobRecordSchema } from "../schema/job.ts";
import type { ServerDeps } from "./deps.ts";

const HealthSchema = v.object({ status: v.literal("ok") });
const InfoSchema = v.object({
  name: v.literal("datalake"),
  version: v.string(),
  lake: v.string(),
  started_at: v.string(),
  pid: v.number(),
  auto_process: v.boolean(),
});
const StatusSchema = v.object({
  /** The running job, or null. */
  job: v.nullable(JobRecordSchema),
  uploads: v.object({ pending: v.number(), processing: v.number(), failed: v.number() }),
});

/** GET /health, /info and /status. */
export function systemRoutes({ lake, settings, supervisor, version, startedAt }: ServerDeps) {
  return new Elysia({ name: "system" })
    .get("/health", () => ({ status: "ok" as const }), {
      response: { 200: HealthSchema },
      detail: { summary: "Whether the server answers; needs no token" },
    })
    .get(
      "/info",
      () => ({
        name: "datalake" as const,
        version,
        lake: lake.root,
        started_at: startedAt,
        pid: process.pid,
        auto_process: settings.processing.auto,
      }),
      { response: { 200: InfoSchema }, detail: { summary: "What this server is and which lake it serves" } },
    )
    .get(
      "/status",
      async () => {
        const [pending, processing, failed] = await Promise.all([
          listUploads(lake, "pending"),
          listUploads(lake, "processing"),
          listUploads(lake, "failed"),
        ]);
        return {
          job: supervisor.running() ?? null,
          uploads: { pending: pending.length, processing: processing.length, failed: failed.length },
        };
      },
      {
        response: { 200: StatusSchema },
        detail: { summary: "The running job and how many uploads wait or failed" },
      },
    );
}
