import { Elysia } from "elysia";
import * as v from "valibot";
import { mountDocument } from "../../lake/mount-check.ts";
import { InfoSchema, StatusSchema } from "../../schema/status-documents.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS, termsOf } from "../http/route-table.ts";

const HealthSchema = v.object({
  status: v.literal("ok"),
  /** Whether the lease that was asked for is this server's. */
  holds: v.optional(v.boolean()),
});
const HealthQuerySchema = v.object({ lease: v.optional(v.pipe(v.string(), v.maxLength(100))) });
/** GET /health, /info and /status. */
export function systemRoutes({ lake, settings, state, version, startedAt, isOwnLease, mount }: ServerDeps) {
  const health = (lease: string | undefined) => ({
    status: "ok" as const,
    ...(lease !== undefined && { holds: isOwnLease(lease) }),
  });
  return new Elysia({ name: "system" })
    .get("/health", ({ query: { lease } }) => health(lease), {
      query: checked(HealthQuerySchema),
      response: { 200: HealthSchema },
      detail: {
        summary: "Whether the server answers; needs no token",
        ...termsOf({ ...READS.terms, role: "anybody" }),
      },
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
        mount: mountDocument(mount),
      }),
      {
        response: { 200: InfoSchema },
        detail: { summary: "What this server is and which lake it serves", ...READS },
      },
    )
    .get(
      "/status",
      async () => {
        const [uploads, queue, disk, catalog] = await Promise.all([
          state.facts.uploads(),
          state.queue(),
          state.facts.disk(),
          state.catalog(),
        ]);
        return {
          job: state.job() ?? null,
          uploads,
          queue,
          workers: state.workers(),
          rates: state.rates(),
          disk: disk ?? null,
          catalog: catalog ?? null,
          access: state.access(),
          writable: state.isWritable(),
          uptime_seconds: state.uptimeSeconds(),
        };
      },
      {
        response: { 200: StatusSchema },
        detail: { summary: "The running job, what waits, workers, rates, disk and catalog", ...READS },
      },
    );
}
