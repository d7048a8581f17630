import { type ChildProcess, spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { RecordBatch } from "apache-arrow";
import { AppError, throwIfCancelled } from "../../errors.ts";
import { nativeEnvironment } from "../../native.ts";
import type { QueryStats, SqlLimits, TableResult } from "../../schema/query.ts";
import { identifyCatalog } from "./catalog-file.ts";
import { readFrames, type SandboxFrame, type SandboxRequest } from "./sandbox-frames.ts";

/** The hidden command that runs one statement in a process of its own. */
export const QUERY_COMMAND = "__query";

declare const DATALAKE_VERSION: string | undefined;

export interface SandboxOptions {
  /** A folder of this machine for work files; nothing is left in it. */
  scratch: string;
  threads?: number;
}

/**
 * Runs one SELECT of a person on the catalog, in a process of its own with a DuckDB of its own: files, network,
 * extensions and settings are closed to it, and a statement that cannot be interrupted or fills the memory past DuckDB's
 * count ends with the process. Throws, at once or from the batches, `invalid_sql` (DuckDB's first line, the position in
 * `details`), `too_large`, `timeout`, `not_found` without a catalog, `cancelled`. The catalog's path is no secret to it.
 */
export async function runSandboxed(
  catalogPath: string,
  text: string,
  limits: SqlLimits,
  { scratch, threads }: SandboxOptions,
  signal?: AbortSignal,
): Promise<TableResult> {
  throwIfCancelled(signal);
  await identifyCatalog(catalogPath);
  await mkdir(scratch, { recursive: true });
  const request: SandboxRequest = { catalogPath, scratch, text, threads: threads ?? 1, ...limits };
  const answer = ask(request, signal);
  const loading = Promise.all([import("../arrow/types.ts"), import("apache-arrow")]);
  try {
    const head = await answer.next();
    if (head?.kind !== "columns") throw broken(head);
    const { columns, generation } = head;
    const [{ arrowSchema }, { RecordBatchReader }] = await loading;
    const stats: QueryStats = { engineMs: answer.elapsedMs() };
    const batches = async function* (): AsyncGenerator<RecordBatch> {
      try {
        for (;;) {
          const frame = await answer.next();
          if (frame?.kind === "batch") yield* RecordBatchReader.from(frame.bytes);
          else if (frame?.kind === "end") {
            stats.engineMs = frame.engineMs;
            return;
          } else throw broken(frame);
        }
      } finally {
        answer.close();
      }
    };
    return { columns, schema: arrowSchema(columns), batches: batches(), stats, generation };
  } catch (error) {
    answer.close();
    throw error;
  }
}

interface Answer {
  /** The next frame; undefined when the process died without one. Throws what it says, `timeout`, `cancelled`. */
  next(): Promise<SandboxFrame | undefined>;
  elapsedMs(): number;
  /** Ends the process, whatever it does. May be called several times. */
  close(): void;
}

/** Longer than the process takes to say itself that its time is over. */
const BACKSTOP_MS = 5000;

function ask(request: SandboxRequest, signal: AbortSignal | undefined): Answer {
  const startedMs = performance.now();
  const child = startProcess(request.scratch);
  const kill = () => child.kill("SIGKILL");
  signal?.addEventListener("abort", kill, { once: true });
  // Its end is seen at the pipe of the answer; one that cannot start has none.
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  child.on("error", (cause) => {
    failed.reject(new AppError("engine_failed", "the process for the query cannot be started", { cause }));
  });
  child.stdin?.on("error", () => {}).write(`${JSON.stringify(request)}\n`);
  const pipe = child.stdio[3] as Readable | null | undefined;
  const frames = readFrames(pipe ?? Readable.from([]));
  return {
    next: async () => {
      let late = false;
      const backstop = setTimeout(() => {
        late = true;
        kill();
      }, request.timeoutMs + BACKSTOP_MS);
      try {
        const { value: frame } = await Promise.race([frames.next(), failed.promise]);
        throwIfCancelled(signal);
        if (late) throw new AppError("timeout", "the query did not respond and was terminated");
        if (frame?.kind === "error") {
          const { code, message, details } = frame.error;
          throw new AppError(code, message, details === undefined ? {} : { details });
        }
        return frame;
      } finally {
        clearTimeout(backstop);
      }
    },
    elapsedMs: () => performance.now() - startedMs,
    close: () => {
      signal?.removeEventListener("abort", kill);
      kill();
      void frames.return(undefined);
    },
  };
}

/** The program again, with nothing of this one's environment but where its native libraries are. */
function startProcess(scratch: string): ChildProcess {
  const built = typeof DATALAKE_VERSION === "string";
  const script = built ? QUERY_COMMAND : fileURLToPath(new URL("./sandbox-main.ts", import.meta.url));
  return spawn(process.execPath, [script], {
    cwd: scratch,
    env: nativeEnvironment(),
    stdio: ["pipe", "ignore", "inherit", "pipe"],
  });
}

function broken(frame: SandboxFrame | undefined): AppError {
  if (frame !== undefined) return new AppError("internal", `the query's process answered ${frame.kind}`);
  return new AppError(
    "engine_failed",
    "the query's process died; it may have run out of memory or hit a bug in DuckDB; write the query differently",
  );
}
