import type { ReportLocal } from "../report.ts";

/** High because a file server's response time is mostly network latency. */
export const CONCURRENCY = 32;

export interface VerifyLocal extends ReportLocal {
  concurrency?: number | undefined;
}
