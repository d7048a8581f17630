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

/** Resources that a job keeps open for all uploads. */
export interface WorkContext {
  lake: Lake;
  settings: Settings;
  jobId: string;
  /** This process, as recorded in upload leases. */
  holder: LeaseHolder;
  /** Throws if another process may be working on the lake. */
  confirm(): Promise<void>;
  database: Database;
  pool: WorkerPool;
  documentReaders: DocumentReaders;
  indexes: DatasetIndexes;
  partitions: KnownPartitions;
  /** The current providers and tasks; parsed again only if the file changed. */
  taxonomy(): Promise<Taxonomy>;
  logger: Logger;
  onProgress(progress: WorkProgress): void;
}
