/** A file server is asked many things at once: the time of one answer is mostly that of the network. */
export const CONCURRENCY = 32;

export interface VerifyLocal {
  /** A file for all findings, CSV or JSON by its name. */
  report?: string | undefined;
  /** A new folder for reports of both kinds. */
  reportFolder?: string;
  /** Files that are read at once. */
  concurrency?: number | undefined;
}
