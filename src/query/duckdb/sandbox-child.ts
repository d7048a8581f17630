import { write, writeFileSync } from "node:fs";
import { setPriority } from "node:os";
import { parseSize } from "../../config.ts";
import { type AppError, toAppError } from "../../errors.ts";
import { readLines } from "../../util/lines.ts";
import { isStale } from "./catalog-reader.ts";
import { createClock, watchMemory } from "./sandbox-clock.ts";
import { tooLong, tooMuchMemory } from "./sandbox-errors.ts";
import { encodeFrame, type SandboxRequest } from "./sandbox-frames.ts";
import { type SandboxRun, startSandboxed } from "./sandbox-run.ts";

/** The pipe of the answer: DuckDB can be made to print to stdout. */
export const ANSWER_FD = 3;

/**
 * The hidden command: takes one request from stdin, runs its statement, answers in frames, and ends. When stdin ends
 * before, nobody waits for the answer: dies at once.
 */
export async function runSandboxChild(input: AsyncIterable<Uint8Array>): Promise<number> {
  yieldToOthers();
  process.on("SIGINT", () => {}); // Ctrl-C reaches the parent too, which then ends this process
  const lines = readLines(input);
  const first = await lines.next();
  if (first.done) return 0;
  // The database is loaded while nobody asks yet; the parent's request is trusted.
  const request = JSON.parse(first.value) as SandboxRequest;
  let answered = false;
  void lines.next().then(() => {
    if (!answered) die();
  });
  await answer(request);
  answered = true;
  return 0;
}

async function answer(request: SandboxRequest): Promise<void> {
  const fail = async (error: AppError) => {
    await send(encodeFrame({ kind: "error", error: error.toDocument().error }));
  };
  let over = false;
  const giveUp = (error: AppError) => {
    if (over) return;
    over = true;
    void fail(error).finally(die); // the engine's threads cannot be stopped otherwise
  };
  const clock = createClock(request.timeoutMs, () => giveUp(tooLong(request.timeoutMs)));
  const unwatch = watchMemory(parseSize(request.memory), () => giveUp(tooMuchMemory(request.memory)));
  let run: SandboxRun | undefined;
  try {
    run = await startFresh(request, clock);
    if (over) return await forever();
    await send(encodeFrame({ kind: "columns", columns: run.columns, generation: run.generation }));
    const { createStreamEncoder } = await import("../arrow/ipc.ts");
    for (const batch of run.batches()) {
      const encoder = createStreamEncoder(run.schema);
      const pieces = [...encoder.begin(), ...encoder.encode(batch), ...encoder.end()];
      if (over) return await forever();
      await send(encodeFrame({ kind: "batch", pieces }));
    }
    if (over) return await forever();
    await send(encodeFrame({ kind: "end", engineMs: clock.engineMs() }));
  } catch (error) {
    if (over) return await forever();
    over = true;
    await fail(toAppError(error));
  } finally {
    unwatch();
    run?.close();
  }
}

/** A stale handle of a network file system is cured by opening the catalog anew, once. */
async function startFresh(
  request: SandboxRequest,
  clock: ReturnType<typeof createClock>,
): Promise<SandboxRun> {
  try {
    return await startSandboxed(request, clock);
  } catch (error) {
    if (!isStale(error)) throw error;
    return startSandboxed(request, clock);
  }
}

/** Another step has said how it ended and is about to end the process. */
function forever(): Promise<never> {
  return new Promise(() => {});
}

function die(): void {
  process.kill(process.pid, "SIGKILL");
}

async function send(pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.byteLength; ) at += await writeSome(piece.subarray(at));
  }
}

function writeSome(bytes: Uint8Array): Promise<number> {
  return new Promise((resolve) => {
    write(ANSWER_FD, bytes, 0, bytes.byteLength, null, (error, written) => {
      if (error)
        die(); // the parent has gone
      else resolve(written);
    });
  });
}

/** A query takes what others leave, and is the first to go where memory runs out. */
function yieldToOthers(): void {
  try {
    setPriority(5);
    writeFileSync("/proc/self/oom_score_adj", "1000");
  } catch {
    // another system, or not allowed: then without
  }
}
