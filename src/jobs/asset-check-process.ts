import { parseSize, type Settings } from "../config.ts";
import { type Lake, tellLake } from "../lake/lake.ts";
import type {
  AssetCheckProgress,
  AssetCheckRequest,
  AssetCheckSummary,
  AssetFinding,
} from "../schema/asset-check.ts";
import { CheckMessageSchema, type CheckOrder } from "./asset-check-child.ts";
import { giveOrder } from "./order-process.ts";

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

/** Checks assets in a child process. Throws what it threw, `cancelled`, or `worker_crashed` when it died. */
export async function runAssetCheck(
  request: AssetCheckRequest,
  options: CheckRun,
): Promise<AssetCheckSummary> {
  const { lake, settings, signal, concurrency = CONCURRENCY } = options;
  const memoryBytes = Math.min(parseSize(settings.database.memory), MEMORY_BYTES);
  const order: CheckOrder = {
    lake: tellLake(lake),
    request,
    concurrency,
    scratch: settings.scratchFolder,
    memory: `${Math.floor(memoryBytes / 1_000_000)}MB`,
    reports: options.reports,
  };
  const { summary } = await giveOrder({
    selfCommand: options.selfCommand,
    command: VALIDATE_COMMAND,
    order,
    schema: CheckMessageSchema,
    deed: "checked the assets",
    environment: { UV_THREADPOOL_SIZE: String(Math.max(4, concurrency)) },
    inBackground: options.inBackground,
    signal,
    onMessage: (message) => {
      if (message.type === "progress") options.onProgress(message.progress);
      else if (message.type === "finding") options.onFinding(message.finding);
    },
  });
  return summary;
}
