import * as v from "valibot";
import { childEnvironment, parseSize, type Settings } from "../config.ts";
import { AppError, ERROR_CODES, type ErrorCode } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type {
  AssetCheckProgress,
  AssetCheckRequest,
  AssetCheckSummary,
  AssetFinding,
} from "../schema/asset-check.ts";
import { sendToBackground } from "../util/background.ts";
import { readLines } from "../util/lines.ts";
import { type CheckMessage, CheckMessageSchema, type CheckOrder } from "./asset-check-child.ts";

/** The hidden command with which this program checks assets. */
export const VALIDATE_COMMAND = "__validate";

export interface CheckRun {
  lake: Lake;
  settings: Settings;
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  /** Files that are looked at at a time. */
  concurrency?: number | undefined;
  /** Where reports of all findings go, CSV or JSON by their names. */
  reports: string[];
  /** Leaves the processor to others first. */
  inBackground?: boolean;
  signal: AbortSignal;
  onProgress(progress: AssetCheckProgress): void;
  /** The first findings only; the reports have all. */
  onFinding(finding: AssetFinding): void;
}

/** A file server is asked many things at once: the time of one answer is mostly that of the network. */
const CONCURRENCY = 32;
const MEMORY_BYTES = 256_000_000;
const STOP_TIMEOUT_MS = 5000;

/** Checks assets in a child process. Throws what it threw, `cancelled`, or `worker_crashed` when it died. */
export async function runAssetCheck(
  request: AssetCheckRequest,
  options: CheckRun,
): Promise<AssetCheckSummary> {
  const { lake, settings, signal, concurrency = CONCURRENCY } = options;
  const memoryBytes = Math.min(parseSize(settings.database.memory), MEMORY_BYTES);
  const child = Bun.spawn([...options.selfCommand, VALIDATE_COMMAND], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    detached: true, // Ctrl-C at the terminal reaches this process only, which then stops the child
    env: childEnvironment({ UV_THREADPOOL_SIZE: String(Math.max(4, concurrency)) }),
  });
  if (options.inBackground) sendToBackground(child.pid);
  const order: CheckOrder = {
    lake: { root: lake.root, modes: lake.modes },
    request,
    concurrency,
    scratch: settings.scratchFolder,
    memory: `${Math.floor(memoryBytes / 1_000_000)}MB`,
    reports: options.reports,
  };
  child.stdin.write(`${JSON.stringify(order)}\n`);
  child.stdin.flush();
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    void Promise.resolve(child.stdin.end()).catch(() => {}); // it may be gone
    killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  let end: Extract<CheckMessage, { type: "done" | "broken" }> | undefined;
  try {
    for await (const line of readLines(child.stdout)) {
      const message = v.parse(v.pipe(v.string(), v.parseJson(), CheckMessageSchema), line);
      if (message.type === "progress") options.onProgress(message.progress);
      else if (message.type === "finding") options.onFinding(message.finding);
      else end = message;
    }
    await child.exited;
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killer);
    child.kill("SIGKILL");
  }
  if (end?.type === "done") return end.summary;
  if (signal.aborted) throw new AppError("cancelled", "cancelled");
  if (end === undefined) {
    const how = child.signalCode ?? `code ${child.exitCode}`;
    throw new AppError("worker_crashed", `the process that checked the assets died (${how}); run it again`);
  }
  const { code, message, details } = end.error;
  const known = code in ERROR_CODES ? (code as ErrorCode) : "internal";
  throw new AppError(known, message, details === undefined ? {} : { details });
}
