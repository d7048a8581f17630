import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Writable } from "node:stream";
import { runCli } from "../../src/cli/run.ts";
import type { InputStream, OutputStream } from "../../src/cli/terminal/streams.ts";

export interface Outcome {
  exit: number;
  stdout: string;
  stderr: string;
}

/** A stream that keeps what is written; a terminal when `columns` is given. */
export function recorder(columns?: number): OutputStream & { text: string } {
  const stream = new Writable({
    write(chunk, _encoding, done) {
      stream.text += String(chunk);
      done();
    },
  }) as OutputStream & { text: string };
  stream.text = "";
  if (columns !== undefined) Object.assign(stream, { isTTY: true, columns, rows: 40 });
  return stream;
}

/** A keyboard at a terminal. */
export function keyboard(): InputStream & { type(...keys: string[]): void } {
  const stream = new PassThrough();
  const type = (...keys: string[]) => {
    for (const key of keys) stream.write(key);
  };
  return Object.assign(stream, { isTTY: true, setRawMode: () => stream, type });
}

/** Runs a command line in this process with nothing of this machine's settings. */
export async function run(argv: string[], options: { cwd?: string; env?: Record<string, string> } = {}) {
  const stdout = recorder();
  const stderr = recorder();
  const exit = await runCli(argv, {
    signal: new AbortController().signal,
    workerUrl: new URL("file:///nowhere"),
    loadOperations: async () => (await import("../../src/operations/table.ts")).OPERATIONS,
    selfCommand: [],
    version: "1.2.3",
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: { HOME: "/dev/null/nobody", ...options.env },
    // However long it takes: no progress lines.
    now: () => 0,
  });
  return { exit, stdout: stdout.text, stderr: stderr.text };
}

/** Runs a command at a terminal; `answer` sees the screen each time it changed and types keys. */
export async function runAtTerminal(
  argv: string[],
  answers: readonly (readonly [question: string, ...keys: string[]])[],
  env: Record<string, string> = {},
): Promise<Outcome> {
  const stdin = keyboard();
  const stdout = recorder(100);
  const stderr = recorder(100);
  const controller = new AbortController();
  const running = runCli(argv, {
    signal: controller.signal,
    workerUrl: new URL("file:///nowhere"),
    loadOperations: async () => (await import("../../src/operations/table.ts")).OPERATIONS,
    selfCommand: [],
    version: "1.2.3",
    stdin,
    stdout,
    stderr,
    env: { HOME: "/dev/null/nobody", ...env },
  });
  let ended = false;
  running.finally(() => {
    ended = true;
  });
  let seen = 0;
  for (const [question, ...keys] of answers) {
    while (!ended && !stderr.text.slice(seen).includes(question)) await Bun.sleep(2);
    seen = stderr.text.length;
    for (const key of keys) {
      stdin.type(key);
      await Bun.sleep(2);
    }
  }
  return { exit: await running, stdout: stdout.text, stderr: stderr.text };
}

export const KEYS = {
  escape: "\u001b",
  enter: "\r",
  down: "\u001b[B",
  up: "\u001b[A",
  tab: "\t",
  cancel: "\u0003",
};

export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "datalake-cli-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
