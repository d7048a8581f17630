/** The package's entry: what a program may use of a lake's server. */
export { AppError, type ErrorCode, type ErrorDocument } from "../errors.ts";
export type { JobProgress, JobRecord, UploadOutcome } from "../schema/job.ts";
export { connectServer, type JobUpdate, type ServerClient, type WatchOptions } from "./server.ts";
