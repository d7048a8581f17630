import * as v from "valibot";
import { AppError, ERROR_CODES, type ErrorCode, throwIfCancelled } from "../errors.ts";
import { type JobRecord, JobRecordSchema } from "../schema/job.ts";
import {
  type ListedUpload,
  ListedUploadSchema,
  type RejectList,
  RejectListSchema,
} from "../schema/upload-list.ts";
import { readEvents } from "./events.ts";

const StartedSchema = v.object({ status: v.picklist(["started", "already_running"]), job_id: v.string() });
const StatusSchema = v.looseObject({
  job: v.nullable(JobRecordSchema),
  uploads: v.object({ pending: v.number(), processing: v.number(), failed: v.number() }),
  workers: v.optional(v.object({ total: v.number(), busy: v.number() })),
});
const InfoSchema = v.looseObject({ version: v.string(), lake: v.string() });
const ErrorSchema = v.object({
  error: v.object({
    code: v.string(),
    message: v.string(),
    details: v.optional(v.record(v.string(), v.unknown())),
  }),
});

/** A job on its way: without `uploads`, which only the end tells. */
export type JobUpdate = Omit<JobRecord, "uploads">;
const JobUpdateSchema = v.omit(JobRecordSchema, ["uploads"]);

/** A `datalake serve` elsewhere. Every call throws the server's own error, or `server_unreachable`. */
export interface ServerClient {
  readonly url: string;
  info(): Promise<v.InferOutput<typeof InfoSchema>>;
  status(): Promise<v.InferOutput<typeof StatusSchema>>;
  startJob(): Promise<v.InferOutput<typeof StartedSchema>>;
  jobs(limit?: number): Promise<JobRecord[]>;
  /** Those of the caller, or of everybody: all on their way, and so many completed ones. */
  uploads(options: { all: boolean; completed: number }): Promise<ListedUpload[]>;
  /** Why rows of an upload were rejected: the first of them. */
  rejects(uploadId: string, limit: number): Promise<RejectList>;
  job(jobId: string): Promise<JobRecord>;
  cancelJob(jobId: string): Promise<JobRecord>;
  /** Follows a job to its end and gives its final record; a stream that breaks off is taken up again. */
  watchJob(jobId: string, options?: WatchOptions): Promise<JobRecord>;
}

export interface WatchOptions {
  signal?: AbortSignal | undefined;
  onUpdate?(job: JobUpdate): void;
}

const TIMEOUT_MS = 30_000;
const WATCH_ATTEMPTS = 20;

export function connectServer(url: string, token?: string | undefined): ServerClient {
  const base = url.replace(/\/+$/, "");
  const send = async (method: string, path: string, signal: AbortSignal): Promise<Response> => {
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, {
        method,
        headers: token ? { authorization: `Bearer ${token}` } : {},
        signal,
      });
    } catch (cause) {
      throw unreachable(base, cause);
    }
    if (!response.ok) throw await serverError(base, response);
    return response;
  };
  const call = async <S extends v.GenericSchema>(method: string, path: string, schema: S) => {
    const response = await send(method, path, AbortSignal.timeout(TIMEOUT_MS));
    const parsed = v.safeParse(schema, await response.json().catch(() => undefined));
    if (parsed.success) return parsed.output;
    throw new AppError("server_unreachable", `${base} does not answer as a datalake server; check --server`, {
      details: { url: base, path },
    });
  };
  const jobPath = (jobId: string) => `/jobs/${encodeURIComponent(jobId)}`;
  const job = (jobId: string) => call("GET", jobPath(jobId), JobRecordSchema);

  const watchOnce = async (jobId: string, options: WatchOptions): Promise<JobRecord | undefined> => {
    const stop = options.signal ?? new AbortController().signal;
    const response = await send("GET", `${jobPath(jobId)}/events`, stop);
    for await (const event of readEvents(response)) {
      if (event.name === "end") return v.parse(JobRecordSchema, JSON.parse(event.data));
      if (event.name === "progress") options.onUpdate?.(v.parse(JobUpdateSchema, JSON.parse(event.data)));
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
    uploads: async ({ all, completed }) => {
      const path = `/uploads?all=${all}&completed=${completed}`;
      return (await call("GET", path, v.object({ uploads: v.array(ListedUploadSchema) }))).uploads;
    },
    rejects: (uploadId, limit) =>
      call("GET", `/uploads/${encodeURIComponent(uploadId)}/rejects?limit=${limit}`, RejectListSchema),
    job,
    cancelJob: (jobId) => call("DELETE", jobPath(jobId), JobRecordSchema),
    watchJob: async (jobId, options = {}) => {
      for (let attempt = 1; ; attempt++) {
        throwIfCancelled(options.signal);
        try {
          const end = await watchOnce(jobId, options);
          // A server that was stopped in the middle goes on with the job when it is back.
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

export function unreachable(url: string, cause: unknown): AppError {
  return new AppError(
    "server_unreachable",
    `cannot reach the server at ${url}; check that \`datalake serve\` runs there and --server names it`,
    { details: { url }, cause },
  );
}

/** What is told of a machine's disk. */
const OF_A_MACHINE: ReadonlySet<ErrorCode> = new Set(["no_space", "permission_denied", "io"]);

export async function serverError(url: string, response: Response): Promise<AppError> {
  const parsed = v.safeParse(ErrorSchema, await response.json().catch(() => undefined));
  if (!parsed.success) {
    return new AppError(
      "server_unreachable",
      `${url} answered ${response.status}; it may be no datalake server`,
      {
        details: { url, status: response.status },
      },
    );
  }
  return describedError(parsed.output.error);
}

/** The error that a server told. */
export function describedError({
  code,
  message,
  details,
}: v.InferOutput<typeof ErrorSchema>["error"]): AppError {
  const known = code in ERROR_CODES ? (code as ErrorCode) : "internal";
  // What is expected to happen reads the same from a server as from a folder; the rest is looked for in the server's log.
  const { request_id, ...own } = details ?? {};
  const told = known === "internal" && request_id !== undefined ? { ...own, request_id } : own;
  // Else a person would look at the disk of the wrong machine.
  const where = OF_A_MACHINE.has(known) ? "on the server, " : "";
  return new AppError(known, `${where}${message}`, Object.keys(told).length === 0 ? {} : { details: told });
}
