import { Elysia } from "elysia";
import * as v from "valibot";
import { mountDocument } from "../../lake/mount-check.ts";
import { LeftOutPartitionSchema } from "../../schema/catalog-documents.ts";
import { JobRecordSchema } from "../../schema/job.ts";
import { MountSchema } from "../../schema/mount.ts";
import { ACCESS_STATES } from "../auth/access.ts";
import type { ServerDeps } from "../deps.ts";
import { checked } from "../http/checked.ts";
import { READS, termsOf } from "../http/route-table.ts";

const HealthSchema = v.object({
  status: v.literal("ok"),
  /** Whether the lease that was asked for is this server's. */
  holds: v.optional(v.boolean()),
});
const HealthQuerySchema = v.object({ lease: v.optional(v.pipe(v.string(), v.maxLength(100))) });
const InfoSchema = v.object({
  name: v.literal("datalake"),
  version: v.string(),
  lake: v.string(),
  started_at: v.string(),
  pid: v.number(),
  auto_process: v.boolean(),
  /** The lake's mount: what it can do, tried when the server started, and what follows. */
  mount: MountSchema,
});
const StatusSchema = v.object({
  /** The running job, or null. */
  job: v.nullable(JobRecordSchema),
  uploads: v.object({ pending: v.number(), processing: v.number(), failed: v.number() }),
  queue: v.object({
    uploads: v.number(),
    queries_running: v.number(),
    queries_waiting: v.number(),
    checks_running: v.number(),
    checks_waiting: v.number(),
  }),
  workers: v.object({ total: v.number(), busy: v.number() }),
  /** Of the running job. */
  rates: v.object({ rows_per_second: v.nullable(v.number()), bytes_per_second: v.nullable(v.number()) }),
  /** Null while the file system does not answer. */
  disk: v.nullable(v.object({ free_bytes: v.number(), total_bytes: v.number() })),
  /** Null without a catalog. */
  catalog: v.nullable(
    v.object({
      generation: v.number(),
      rows: v.number(),
      partitions: v.number(),
      bytes: v.number(),
      built_at: v.string(),
      age_seconds: v.number(),
      /** Partitions whose newest rows it does not hold, and why. */
      left_out: v.array(LeftOutPartitionSchema),
    }),
  ),
  /** Open to everyone, tokens required, or closed: the store of tokens is gone or not safe. */
  access: v.picklist(ACCESS_STATES),
  /** Whether the lake may be written; while it may not, the server answers questions and does no work. */
  writable: v.boolean(),
  uptime_seconds: v.number(),
});

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
