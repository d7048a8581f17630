import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import { createGateMemory, openGate } from "../images/gate.ts";
import type { Logger } from "../log.ts";
import type { PreparedContent, PrepareRequest } from "../schema/work.ts";
import { createWorkerSlot, WorkerExit, type WorkerSlot } from "./worker-slot.ts";

export const KILLED_TWICE = "its image crashed the process twice";

/** Terms shared by all contents of an upload. */
export type PrepareTerms = Omit<PrepareRequest, "type" | "contents" | "suspect_file">;
export type Content = PrepareRequest["contents"][number];

/** Long-lived workers, each with one message at a time. */
export interface WorkerPool {
  readonly size: number;
  busy(): number;
  /**
   * Prepares contents on the next free worker; keeps their order. A content that kills its worker twice is
   * returned as not ok. Throws the worker's errors, or `worker_crashed` if workers die without a suspect.
   */
  prepare(terms: PrepareTerms, contents: Content[]): Promise<PreparedContent[]>;
  /** Ends soon what is in work and refuses what waits and what is asked later, with `cancelled`. */
  stop(): void;
  close(): void;
}

export interface PoolOptions {
  url: URL;
  size: number;
  /** Memory for decoding, all workers together. */
  memoryBytes: number;
  /** Local folder where each worker records its current content. */
  folder: string;
  logger: Logger;
}

interface Station {
  thread: number;
  slot: WorkerSlot;
  suspectFile: string;
}

/** Starts threads lazily, each with its first message. */
export async function createWorkerPool(options: PoolOptions): Promise<WorkerPool> {
  await mkdir(options.folder, { recursive: true });
  const memory = createGateMemory(options.size, options.memoryBytes);
  const free: Station[] = Array.from({ length: options.size }, (_, thread) => ({
    thread,
    slot: createWorkerSlot(options.url, { memory, thread }),
    suspectFile: join(options.folder, `worker-${thread}.suspect`),
  }));
  const all = [...free];
  const queue: ((station: Station) => void)[] = [];
  let stopped = false;

  const withStation = async <T>(use: (station: Station) => Promise<T>): Promise<T> => {
    const station = free.shift() ?? (await new Promise<Station>((resolve) => queue.push(resolve)));
    try {
      if (stopped) throw new AppError("cancelled", "the workers were stopped");
      return await use(station);
    } finally {
      const next = queue.shift();
      if (next) next(station);
      else free.push(station);
    }
  };

  /** One attempt; if the worker exits, returns the last content it recorded, or null. */
  const attempt = (terms: PrepareTerms, contents: Content[]) =>
    withStation<{ prepared: PreparedContent[] } | { suspect: string | null; exit: WorkerExit }>(
      async ({ slot, suspectFile, thread }) => {
        await writeFile(suspectFile, "");
        try {
          return {
            prepared: await slot.ask({ type: "prepare", ...terms, suspect_file: suspectFile, contents }),
          };
        } catch (error) {
          if (!(error instanceof WorkerExit)) throw error;
          openGate(memory, thread).forget();
          const suspect = await readSuspect(suspectFile);
          await rm(suspectFile, { force: true });
          options.logger.warn("a worker ended in the middle of its work", {
            exit_code: error.exitCode,
            suspect,
          });
          return { suspect, exit: error };
        }
      },
    );

  const prepare = async (
    terms: PrepareTerms,
    contents: Content[],
    blindExits = 0,
  ): Promise<PreparedContent[]> => {
    if (contents.length === 0) return [];
    const first = await attempt(terms, contents);
    if ("prepared" in first) return first.prepared;
    const at = contents.findIndex((content) => content.source_hash === first.suspect);
    const suspect = contents[at];
    if (suspect === undefined) {
      if (blindExits > 0) throw crashed(first.exit);
      return prepare(terms, contents, blindExits + 1);
    }
    // Retry the suspect alone. Earlier results were lost with the response; later ones never began.
    const alone = await attempt(terms, [suspect]);
    const verdict: PreparedContent[] =
      "prepared" in alone
        ? alone.prepared
        : [{ ok: false, source_hash: suspect.source_hash, reason: KILLED_TWICE }];
    const before = await prepare(terms, contents.slice(0, at), blindExits);
    const after = await prepare(terms, contents.slice(at + 1), blindExits);
    return [...before, ...verdict, ...after];
  };

  return {
    size: options.size,
    busy: () => all.length - free.length,
    prepare: (terms, contents) => prepare(terms, contents),
    stop: () => {
      stopped = true;
      for (const { slot } of all) slot.stop();
    },
    close: () => {
      stopped = true;
      for (const { slot } of all) slot.close();
    },
  };
}

/** The `source_hash` in a suspect file; null if there is none. */
export async function readSuspect(file: string): Promise<string | null> {
  const text = await readFile(file, "utf8").catch(() => "");
  return /[0-9a-f]{64}/.exec(text)?.[0] ?? null;
}

function crashed(cause: WorkerExit): AppError {
  return new AppError(
    "worker_crashed",
    `workers end as soon as they start (code ${cause.exitCode}); see the server's log`,
    { cause },
  );
}
