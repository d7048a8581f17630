import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { compactIfDue } from "../catalog/compact.ts";
import { refreshCatalog } from "../catalog/refresh.ts";
import { parseSize, type Settings } from "../config.ts";
import { createDocumentReader } from "../documents/document-reader.ts";
import { explainFullScratch, throwIfCancelled, toAppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import { explainLoss } from "../lake/lost.ts";
import { readTaxonomy } from "../lake/taxonomy.ts";
import { useNativeCache } from "../native.ts";
import { openDatabase } from "../query/database.ts";
import { retryWithLessMemory } from "../query/less-memory.ts";
import type { UploadOutcome } from "../schema/job.ts";
import type { ChildMessage, ParentMessage } from "../schema/messages.ts";
import { formatPartition, type PartitionKey } from "../schema/partition.ts";
import type { Taxonomy } from "../schema/taxonomy.ts";
import { selfCommand } from "../self-command.ts";
import type { WorkContext } from "./context.ts";
import { createDatasetIndexes } from "./dataset-indexes.ts";
import { createDocumentReaders } from "./document-readers.ts";
import { createKnownPartitions } from "./known-partitions.ts";
import { createWorkerPool } from "./pool.ts";
import { processUpload } from "./upload.ts";

export interface Work {
  process(message: Extract<ParentMessage, { type: "process" }>, signal: AbortSignal): Promise<UploadOutcome>;
  /** Compacts and refreshes the catalog; more uploads may follow. */
  finish(
    message: Extract<ParentMessage, { type: "finish" }>,
    signal: AbortSignal,
  ): Promise<Omit<Extract<ChildMessage, { type: "finished" }>, "type">>;
  close(): Promise<void>;
}

export interface WorkOptions
  extends Pick<WorkContext, "lake" | "settings" | "jobId" | "holder" | "confirm" | "logger" | "onProgress"> {
  folder: string;
  workerUrl: URL;
}

/** The database streams; this bounds its memory beside the rows in flight, independent of the machine. */
const DATABASE_MEMORY_BYTES = 400_000_000;
const DATABASE_THREADS = 2;

export async function openWork(options: WorkOptions): Promise<Work> {
  const { lake, logger, folder } = options;
  const { settings } = options;
  const { memory, threads } = initialLimits(settings);
  if (settings.cache !== undefined) useNativeCache(settings.cacheFolder);
  await mkdir(folder, { recursive: true });
  const mostMemory = settings.database.memory;
  const open = () => openDatabase({ scratch: join(folder, "database"), memory, mostMemory, threads });
  const pool = await createWorkerPool({
    url: options.workerUrl,
    size: settings.processing.num_proc,
    memoryBytes: parseSize(settings.processing.memory),
    folder,
    logger,
  });
  const documentReaders = createDocumentReaders(settings.processing.num_proc, () =>
    createDocumentReader({ selfCommand: selfCommand(), logger }),
  );
  const context: WorkContext = {
    ...options,
    onProgress: (progress) => options.onProgress({ ...progress, workers_busy: pool.busy() }),
    settings,
    database: await open(),
    pool,
    documentReaders,
    indexes: createDatasetIndexes(lake, settings.cacheFolder),
    partitions: createKnownPartitions(lake, options.confirm),
    taxonomy: watchTaxonomy(lake),
  };
  return {
    process: (message, signal) => {
      // Whoever cancels a job uses its workers no more.
      const stop = () => {
        pool.stop();
        documentReaders.stop();
      };
      signal.addEventListener("abort", stop, { once: true });
      return processUpload(context, message, signal);
    },
    finish: async ({ partitions }, signal) => {
      const finished = await finishJob(context, partitions, signal);
      context.database.close();
      context.database = await open();
      return finished;
    },
    close: async () => {
      pool.close();
      await documentReaders.close();
      context.indexes.close();
      context.database.close();
    },
  };
}

async function finishJob(context: WorkContext, partitions: readonly PartitionKey[], signal: AbortSignal) {
  const { lake, settings, database, logger, confirm } = context;
  try {
    for (const key of partitions) {
      throwIfCancelled(signal);
      await retryWithLessMemory(database, () => compactIfDue(database, lake, key, { confirm }));
      context.partitions.forget(key);
    }
    database.close(); // the catalog is built in another database, and memory suffices for one
    const { generation, failed } = await refreshCatalog({
      lake,
      settings,
      initialLimits: initialLimits(settings),
      logger,
      signal,
      quick: true,
      changed: partitions,
    });
    // A partition missing from the catalog is this job's error only if the job changed it.
    const names = new Set(partitions.map(formatPartition));
    const leftOut = failed.find(({ partition }) => names.has(partition));
    return leftOut ? { generation, error: { code: leftOut.code, message: leftOut.message } } : { generation };
  } catch (error) {
    const told = explainFullScratch(explainLoss(lake, error), settings.scratchFolder);
    return { error: toAppError(told).toDocument().error };
  }
}

function watchTaxonomy(lake: Lake): () => Promise<Taxonomy> {
  let read: { identity: string; taxonomy: Taxonomy } | undefined;
  return async () => {
    const { ino, size, mtimeNs } = await stat(lake.layout.taxonomy, { bigint: true });
    const identity = `${ino}:${size}:${mtimeNs}`;
    if (read?.identity !== identity) read = { identity, taxonomy: await readTaxonomy(lake) };
    return read.taxonomy;
  };
}

/** Initial database settings; a retry may use all configured memory. */
function initialLimits({ database }: Settings): Settings["database"] {
  const memoryBytes = Math.min(parseSize(database.memory), DATABASE_MEMORY_BYTES);
  return {
    memory: `${Math.floor(memoryBytes / 1_000_000)}MB`,
    threads: Math.min(database.threads, DATABASE_THREADS),
  };
}
