import type { Settings } from "../config.ts";
import type { Lake } from "../lake/lake.ts";
import type { LeaseHolder } from "../lake/lease-holder.ts";
import type { Logger } from "../log.ts";
import type { Database } from "../query/database.ts";
import type { ChildMessage } from "../schema/messages.ts";
import type { Taxonomy } from "../schema/taxonomy.ts";
import type { DatasetIndexes } from "./dataset-indexes.ts";
import type { DocumentReaders } from "./document-readers.ts";
import type { KnownPartitions } from "./known-partitions.ts";
import type { WorkerPool } from "./pool.ts";

export type WorkProgress = Omit<Extract<ChildMessage, { type: "progress" }>, "type">;

/** What one job keeps open from its first upload to its last. */
export interface WorkContext {
  lake: Lake;
  settings: Settings;
  jobId: string;
  /** This process, as it is in the lease of each upload it works on. */
  holder: LeaseHolder;
  /** Throws when another may be at work on the lake by now. */
  confirm(): Promise<void>;
  database: Database;
  pool: WorkerPool;
  documentReaders: DocumentReaders;
  indexes: DatasetIndexes;
  partitions: KnownPartitions;
  /** The lake's providers and tasks as they are now; parsed again only when the file changed. */
  taxonomy(): Promise<Taxonomy>;
  logger: Logger;
  onProgress(progress: WorkProgress): void;
}
