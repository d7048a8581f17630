import * as v from "valibot";
import { LeftOutPartitionSchema } from "./catalog-documents.ts";
import { JobRecordSchema } from "./job.ts";
import { MountSchema } from "./mount.ts";
import { ACCESS_STATES } from "./token.ts";

/** Static facts about a server: the document of GET /info. */
export const InfoSchema = v.object({
  name: v.literal("datalake"),
  version: v.string(),
  lake: v.string(),
  started_at: v.string(),
  pid: v.number(),
  auto_process: v.boolean(),
  /** Capabilities of the lake's mount, probed when the server started, and their consequences. */
  mount: MountSchema,
});
/** State of a server: the document of GET /status. */
export const StatusSchema = v.object({
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
  /** Null while the file system does not respond. */
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
      /** Partitions whose newest rows are missing, with reasons. */
      left_out: v.array(LeftOutPartitionSchema),
    }),
  ),
  /** Open to everyone, tokens required, or closed because the token store is missing or unsafe. */
  access: v.picklist(ACCESS_STATES),
  /** Whether the lake is writable; while it is not, the server only answers queries. */
  writable: v.boolean(),
  uptime_seconds: v.number(),
});

export type InfoDocument = v.InferOutput<typeof InfoSchema>;
export type StatusDocument = v.InferOutput<typeof StatusSchema>;
