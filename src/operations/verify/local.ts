/** High because a file server's response time is mostly network latency. */
export const CONCURRENCY = 32;

export interface VerifyLocal {
  /** A CSV or JSON file for all findings, by its extension. */
  report?: string | undefined;
  /** A new folder for both kinds of report. */
  reportFolder?: string;
  concurrency?: number | undefined;
}
