import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Subprocess } from "bun";
import * as v from "valibot";
import { childSettings, type Settings } from "../config.ts";
import { AppError } from "../errors.ts";
import { type Lake, tellLake } from "../lake/lake.ts";
import type { Logger } from "../log.ts";
import { checkValue } from "../schema/check.ts";
import { failureError } from "../schema/failure.ts";
import { type ChildMessage, ChildMessageSchema, type ParentMessage } from "../schema/messages.ts";
import type { PartitionKey } from "../schema/partition.ts";
import { sendToBackground } from "../util/background.ts";
import { readLines } from "../util/lines.ts";
import { readSuspect } from "./pool.ts";

/** Hidden command of the process that executes a job. */
export const WORK_COMMAND = "__work";

/** The child died before it responded. */
export class ChildDeath extends Error {
  constructor(
    readonly exitCode: number | null,
    readonly signalCode: string | number | null,
  ) {
    super(`the worker process died (${signalCode ?? `code ${exitCode}`})`);
    this.name = "ChildDeath";
  }
}

/** The process that does the work; it exits with its parent. */
export interface WorkChild {
  readonly pid: number;
  /** Sends a message and returns its outcome. Throws ChildDeath, or AppError if the child fails. */
  process(message: Extract<ParentMessage, { type: "process" }>): Promise<Answer<"outcome">>;
  finish(partitions: PartitionKey[]): Promise<Answer<"finished">>;
  cancel(): void;
  kill(): void;
  close(): Promise<void>;
}

type Answer<T extends ChildMessage["type"]> = Extract<ChildMessage, { type: T }>;

export interface ChildOptions {
  /** Program and leading arguments, without a command. */
  selfCommand: string[];
  lake: Lake;
  settings: Settings;
  jobId: string;
  folder: string;
  logger: Logger;
  onProgress(progress: Answer<"progress">): void;
  onSpawn?: OnSpawn | undefined;
  /** Run at a lower priority. */
  inBackground?: boolean | undefined;
}

/** Receives, once the process has started, a probe whether it responds in time; true after its exit. */
export type OnSpawn = (isAlive: (timeoutMs: number) => Promise<boolean>) => void;

export async function startChild(options: ChildOptions): Promise<WorkChild> {
  await mkdir(options.folder, { recursive: true });
  // A separate session: Ctrl-C at the terminal reaches only this process, which then tells the child.
  const child = Bun.spawn([...options.selfCommand, WORK_COMMAND], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    detached: true,
  });
  if (options.inBackground) sendToBackground(child.pid);
  let waiting: PromiseWithResolvers<ChildMessage> | undefined;
  let dead: Error | undefined;
  const pings = new Set<() => void>();
  const answerPings = () => {
    for (const answered of pings) answered();
    pings.clear();
  };

  const answer = (message: ChildMessage) => {
    waiting?.resolve(message);
    waiting = undefined;
  };
  const listen = async () => {
    for await (const line of readLines(child.stdout)) {
      const message = parseMessage(line, options.logger);
      if (message === undefined) continue;
      if (message.type === "log") options.logger[message.level](message.message, message.fields);
      else if (message.type === "progress") options.onProgress(message);
      else if (message.type === "pong") answerPings();
      else answer(message);
    }
    await child.exited;
    dead = new ChildDeath(child.exitCode, child.signalCode);
    waiting?.reject(dead);
    waiting = undefined;
    answerPings();
  };
  const listening = listen();

  const send = (message: ParentMessage) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    child.stdin.flush();
  };
  const ask = async <T extends ChildMessage["type"]>(message: ParentMessage, type: T): Promise<Answer<T>> => {
    if (dead) throw dead;
    waiting = Promise.withResolvers();
    const { promise } = waiting;
    try {
      send(message);
    } catch {
      // a closed pipe: the child's death will be reported
    }
    const reply = await promise;
    if (reply.type === "broken") throw failureError(reply.error);
    if (reply.type !== type) throw new AppError("internal", `the worker process answered ${reply.type}`);
    return reply as Answer<T>;
  };

  options.onSpawn?.(async (timeoutMs) => {
    if (dead) return true;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const answered = () => resolve(true);
    pings.add(answered);
    try {
      send({ type: "ping" });
    } catch {
      // a closed pipe: the child's death will be reported
    }
    const timer = setTimeout(() => {
      pings.delete(answered);
      resolve(false);
    }, timeoutMs);
    const alive = await promise;
    clearTimeout(timer);
    return alive;
  });
  const start: ParentMessage = {
    type: "start",
    job_id: options.jobId,
    lake: tellLake(options.lake),
    settings: childSettings(options.settings),
    folder: options.folder,
  };
  try {
    await ask(start, "ready");
  } catch (error) {
    await endChild(child, listening);
    throw error;
  }
  return {
    pid: child.pid,
    process: (message) => ask(message, "outcome"),
    finish: (partitions) => ask({ type: "finish", partitions }, "finished"),
    cancel: () => {
      if (!dead) send({ type: "cancel" });
    },
    kill: () => child.kill("SIGKILL"),
    close: () => endChild(child, listening),
  };
}

/** Contents that a dead child's workers had in work. Removes the files: each death has its own suspects. */
export async function takeSuspects(folder: string): Promise<string[]> {
  const suspects = new Set<string>();
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(".suspect")) continue;
    const suspect = await readSuspect(join(folder, name));
    if (suspect !== null) suspects.add(suspect);
    await rm(join(folder, name), { force: true });
  }
  return [...suspects];
}

async function endChild(
  child: Subprocess<"pipe", "pipe", "inherit">,
  listening: Promise<void>,
): Promise<void> {
  try {
    await child.stdin.end();
  } catch {
    // already gone
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
  await child.exited;
  clearTimeout(timer);
  await listening;
}

function parseMessage(line: string, logger: Logger): ChildMessage | undefined {
  const parsed = checkValue(v.pipe(v.string(), v.parseJson(), ChildMessageSchema), line);
  if (parsed.success) return parsed.output;
  logger.warn("the worker process printed something that is not a message", { line: line.slice(0, 500) });
  return undefined;
}
