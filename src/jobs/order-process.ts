import * as v from "valibot";
import { childEnvironment } from "../config.ts";
import { AppError } from "../errors.ts";
import { parseValue } from "../schema/check.ts";
import { failureError } from "../schema/failure.ts";
import { sendToBackground } from "../util/background.ts";
import { readLines } from "../util/lines.ts";
import { BrokenSchema } from "./order-child.ts";

export interface Order<Message> {
  /** The program and its leading arguments, without a command. */
  selfCommand: string[];
  /** The hidden command that obeys. */
  command: string;
  /** JSON. */
  order: unknown;
  /** What the child may say; its last word has type `done`. */
  schema: v.GenericSchema<unknown, Message>;
  /** For messages: `the process that <deed> died`. */
  deed: string;
  environment?: Readonly<Record<string, string>>;
  /** It stands behind those whom somebody waits for. */
  inBackground?: boolean | undefined;
  signal: AbortSignal;
  onMessage(message: Message): void;
}

const STOP_TIMEOUT_MS = 5000;

/**
 * Has one thing done by a child process of this program and gives its last word. Throws what the child threw,
 * `cancelled`, or `worker_crashed` when it died.
 */
export async function giveOrder<Message extends { type: string }>({
  selfCommand,
  command,
  order,
  schema,
  deed,
  environment = {},
  inBackground,
  signal,
  onMessage,
}: Order<Message>): Promise<Extract<Message, { type: "done" }>> {
  const child = Bun.spawn([...selfCommand, command], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    detached: true, // Ctrl-C at the terminal reaches this process only, which then stops the child
    env: childEnvironment(environment),
  });
  if (inBackground) sendToBackground(child.pid);
  const close = () => void Promise.resolve(child.stdin.end()).catch(() => {}); // it may be gone
  child.stdin.write(`${JSON.stringify(order)}\n`);
  child.stdin.flush();
  let killer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    close();
    killer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
  };
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  const line = v.pipe(v.string(), v.parseJson(), v.union([BrokenSchema, schema]));
  let done: Extract<Message, { type: "done" }> | undefined;
  let broken: v.InferOutput<typeof BrokenSchema> | undefined;
  try {
    for await (const text of readLines(child.stdout)) {
      const message = parseValue(line, text);
      if (isBroken(message)) broken = message;
      else if (message.type === "done") done = message as Extract<Message, { type: "done" }>;
      else onMessage(message);
      if (done ?? broken) close();
    }
    await child.exited;
  } finally {
    signal.removeEventListener("abort", stop);
    clearTimeout(killer);
    child.kill("SIGKILL");
  }
  if (done) return done;
  if (signal.aborted) throw new AppError("cancelled", "cancelled");
  if (broken === undefined) {
    const how = child.signalCode ?? `code ${child.exitCode}`;
    throw new AppError("worker_crashed", `the process that ${deed} died (${how}); run it again`);
  }
  throw failureError(broken.error);
}

function isBroken(message: { type: string }): message is v.InferOutput<typeof BrokenSchema> {
  return message.type === "broken";
}
