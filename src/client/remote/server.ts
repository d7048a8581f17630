import * as v from "valibot";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { parseValue } from "../../schema/check.ts";
import { type JobRecord, JobRecordSchema } from "../../schema/job.ts";
import { MountSchema } from "../../schema/mount.ts";
import {
  type RejectList,
  RejectListSchema,
  type UploadList,
  UploadListSchema,
} from "../../schema/upload-list.ts";
import type { WatchOptions } from "../lake-client.ts";
import { readEvents } from "./events.ts";
import { connectHttp } from "./http.ts";
import { unreachable } from "./server-error.ts";

const StartedSchema = v.object({ status: v.picklist(["started", "already_running"]), job_id: v.string() });
const StatusSchema = v.looseObject({
  job: v.nullable(JobRecordSchema),
  uploads: v.object({ pending: v.number(), processing: v.number(), failed: v.number() }),
  workers: v.optional(v.object({ total: v.number(), busy: v.number() })),
});
/** Servers of 0.1.0 tell nothing of their mount. */
const InfoSchema = v.looseObject({ version: v.string(), lake: v.string(), mount: v.optional(MountSchema) });

const JobUpdateSchema = v.omit(JobRecordSchema, ["uploads"]);

/** A `datalake serve` elsewhere. Every call throws the server's own error, or `server_unreachable`. */
export interface ServerClient {
  readonly url: string;
  info(): Promise<v.InferOutput<typeof InfoSchema>>;
  status(): Promise<v.InferOutput<typeof StatusSchema>>;
  startJob(): Promise<v.InferOutput<typeof StartedSchema>>;
  jobs(limit?: number): Promise<JobRecord[]>;
  /** Those of the caller, or of everyone: all that are in progress, and a number of completed ones. */
  uploads(options: { all: boolean; completed: number }): Promise<UploadList>;
  /** Why rows of an upload were rejected: the first of them. */
  rejects(uploadId: string, limit: number): Promise<RejectList>;
  job(jobId: string): Promise<JobRecord>;
  cancelJob(jobId: string): Promise<JobRecord>;
  /** Follows a job to its end and gives its final record; a broken stream is resumed. */
  watchJob(jobId: string, options?: WatchOptions): Promise<JobRecord>;
}

const WATCH_ATTEMPTS = 20;

export function connectServer(url: string, token?: string | undefined): ServerClient {
  const http = connectHttp(url, token);
  const base = http.url;
  const { call } = http;
  const jobPath = (jobId: string) => `/jobs/${encodeURIComponent(jobId)}`;
  const job = (jobId: string) => call("GET", jobPath(jobId), JobRecordSchema);

  const watchOnce = async (jobId: string, options: WatchOptions): Promise<JobRecord | undefined> => {
    const response = await http.send("GET", `${jobPath(jobId)}/events`, { signal: options.signal });
    for await (const event of readEvents(response)) {
      if (event.name === "end") return parseValue(JobRecordSchema, JSON.parse(event.data));
      if (event.name === "progress") options.onUpdate?.(parseValue(JobUpdateSchema, JSON.parse(event.data)));
    }
    return undefined;
  };

  return {
    url: base,
    info: () => call("GET", "/info", InfoSchema),
    status: () => call("GET", "/status", StatusSchema),
    startJob: () => call("POST", "/process", StartedSchema),
    jobs: async (limit = 50) => {
      const { jobs } = await call(
        "GET",
        `/jobs?limit=${limit}`,
        v.object({ jobs: v.array(JobRecordSchema) }),
      );
      return jobs;
    },
    uploads: ({ all, completed }) =>
      call("GET", `/uploads?all=${all}&completed=${completed}`, UploadListSchema),
    rejects: (uploadId, limit) =>
      call("GET", `/uploads/${encodeURIComponent(uploadId)}/rejects?limit=${limit}`, RejectListSchema),
    job,
    cancelJob: (jobId) => call("DELETE", jobPath(jobId), JobRecordSchema),
    watchJob: async (jobId, options = {}) => {
      for (let attempt = 1; ; attempt++) {
        throwIfCancelled(options.signal);
        try {
          const end = await watchOnce(jobId, options);
          // A server that was stopped in the middle continues with the job when it is back.
          if (end !== undefined && end.status !== "queued") return end;
          if (attempt >= WATCH_ATTEMPTS) throw unreachable(base, undefined);
        } catch (error) {
          throwIfCancelled(options.signal);
          const away = error instanceof AppError && error.code === "server_unreachable";
          const brokenOff = !(error instanceof AppError);
          if (!(away || brokenOff) || attempt === 1 || attempt >= WATCH_ATTEMPTS) {
            throw brokenOff ? unreachable(base, error) : error;
          }
        }
        await Bun.sleep(500);
      }
    },
  };
}
