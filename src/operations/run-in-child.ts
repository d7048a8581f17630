import * as v from "valibot";
import { childEnvironment, childSettings, type Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { type Lake, tellLake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import { parseValue } from "../schema/check.ts";
import { failureError } from "../schema/failure.ts";
import type { ResultFile } from "../schema/operation.ts";
import { sendToBackground } from "../util/background.ts";
import { readLines } from "../util/lines.ts";
import type { AnyOperation, LocalOf, ProgressOf, RequestOf, ResultOf } from "./operation.ts";
import { type ChildLine, ChildLineSchema, type Order, RUN_COMMAND } from "./serve-child.ts";

export interface ChildRun<O extends AnyOperation> {
  lake: Lake;
  settings: Settings;
  /** Program and leading arguments, without a command. */
  selfCommand: string[];
  local?: LocalOf<O> | undefined;
  logger: Logger;
  /** At a lower priority than this process. */
  inBackground?: boolean | undefined;
  signal: AbortSignal;
  onProgress?: ((progress: ProgressOf<O>) => void) | undefined;
}

const STOP_TIMEOUT_MS = 5000;

/** Runs an operation in a child process. Throws its errors, `cancelled`, or `worker_crashed` if it died. */
export async function runInChild<O extends AnyOperation>(
  operation: O,
  request: RequestOf<O>,
  options: ChildRun<O>,
): Promise<{ result: ResultOf<O>; files: ResultFile[] }> {
  const { lake, settings, selfCommand, local, logger, signal } = options;
  const child = Bun.spawn([...selfCommand, RUN_COMMAND, operation.name], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    detached: true, // Ctrl-C at the terminal reaches only this process, which stops the child
    env: childEnvironment(operation.environment?.(local) ?? {}),
  });
  if (options.inBackground) sendToBackground(child.pid);
  const close = () => void Promise.resolve(child.stdin.end()).catch(() => {}); // the child may be gone
  const order: Order = { lake: tellLake(lake), settings: childSettings(settings), request, local };
  child.stdin.write(`${JSON.stringify(order)}\n`);
  child.stdin.flush();
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    close();
    killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  let end: Extract<ChildLine, { type: "done" | "broken" }> | undefined;
  try {
    for await (const text of readLines(child.stdout)) {
      const line = parseValue(v.pipe(v.string(), v.parseJson(), ChildLineSchema), text);
      if (line.type === "log") logger[line.level](line.message, line.fields);
      else if (line.type === "progress") options.onProgress?.(parseValue(operation.progress, line.progress));
      else end = line;
      if (end) close();
    }
    await child.exited;
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killer);
    child.kill("SIGKILL");
  }
  if (end?.type === "done") return { result: parseValue(operation.result, end.result), files: end.files };
  if (signal.aborted) throw new AppError("cancelled", "cancelled");
  if (end !== undefined) throw failureError(end.error);
  const how = child.signalCode ?? `code ${child.exitCode}`;
  const [one] = operation.noun;
  throw new AppError("worker_crashed", `the process of the ${one} died (${how}); run it again`);
}
