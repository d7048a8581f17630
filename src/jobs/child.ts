import * as v from "valibot";
import type { Settings } from "../config.ts";
import { AppError, toAppError } from "../errors.ts";
import { describeLake } from "../lake/lake.ts";
import { type Lease, waitForLease } from "../lake/lease.ts";
import { createView } from "../lake/view.ts";
import { parseValue } from "../schema/check.ts";
import { createChildLogger } from "../schema/child-log.ts";
import { type ChildMessage, type ParentMessage, ParentMessageSchema } from "../schema/messages.ts";
import { readLines } from "../util/lines.ts";
import { sweepWork } from "./sweep.ts";
import { openWork, type Work } from "./work.ts";

/** How long to wait for the child of a killed parent, which may outlive it for a moment. */
const PREDECESSOR_MS = 15_000;

export interface ChildStreams {
  input: AsyncIterable<Uint8Array>;
  write(line: string): void;
  /** Kills this process; its work will be resumed. */
  die(): void;
}

/**
 * The hidden command: executes one job as requested on stdin. If stdin closes during work, the parent is dead
 * and another process may soon own the lake, so it dies at once.
 */
export async function runChild(workerUrl: URL, streams: ChildStreams): Promise<number> {
  const say = (message: ChildMessage) => streams.write(`${JSON.stringify(message)}\n`);
  const logger = createChildLogger(say);
  let work: Work | undefined;
  let lease: Lease | undefined;
  let busy: AbortController | undefined;

  const start = async (message: Extract<ParentMessage, { type: "start" }>) => {
    const { root, modes, stale_ms: staleMs } = message.lake;
    const lake = describeLake(root, modes, createView({ staleMs, onWait: (what) => logger.info(what, {}) }));
    const held = await waitForLease(
      lake.layout.workLease,
      { purpose: `the work of job ${message.job_id}` },
      PREDECESSOR_MS,
    );
    lease = held;
    held.lost.addEventListener("abort", () => streams.die());
    await sweepWork(lake, (path, error) =>
      logger.warn("unfinished files of another process in the catalog cannot be removed", {
        path,
        error,
      }),
    );
    work = await openWork({
      lake,
      settings: message.settings as unknown as Settings,
      jobId: message.job_id,
      folder: message.folder,
      workerUrl,
      holder: held.holder,
      confirm: () =>
        held.confirm().catch((error) => {
          if (error instanceof AppError && error.code === "locked") streams.die();
          throw error;
        }),
      logger,
      onProgress: (progress) => say({ type: "progress", ...progress }),
    });
    say({ type: "ready", pid: process.pid });
  };
  const act = async (message: ParentMessage, signal: AbortSignal) => {
    if (message.type === "start") return start(message);
    if (work === undefined)
      throw new AppError("internal", `the worker process received ${message.type} before start`);
    if (message.type === "process") say({ type: "outcome", upload: await work.process(message, signal) });
    if (message.type === "finish") say({ type: "finished", ...(await work.finish(message, signal)) });
  };

  try {
    for await (const line of readLines(streams.input)) {
      const message = parseValue(v.pipe(v.string(), v.parseJson(), ParentMessageSchema), line);
      if (message.type === "cancel") {
        busy?.abort();
        continue;
      }
      if (message.type === "ping") {
        say({ type: "pong" });
        continue;
      }
      const controller = new AbortController();
      busy = controller;
      // Not awaited, so that a cancellation or the end of stdin is seen meanwhile.
      act(message, controller.signal)
        .catch((error) => say({ type: "broken", error: toAppError(error).toDocument().error }))
        .finally(() => {
          if (busy === controller) busy = undefined;
        });
    }
    if (busy !== undefined) streams.die();
  } finally {
    await work?.close();
    await lease?.release();
  }
  return 0;
}

export function ownStreams(): ChildStreams {
  return {
    input: Bun.stdin.stream(),
    write: (line) => process.stdout.write(line),
    // No orderly exit: threads and queries must stop at once when the parent is dead.
    die: () => process.kill(process.pid, "SIGKILL"),
  };
}
