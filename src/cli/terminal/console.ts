import { createProgressScreen } from "./progress.ts";
import { createQuestions } from "./questions.ts";
import { type InputStream, type OutputStream, writeStream } from "./streams.ts";
import type { Terminal } from "./terminal.ts";

export interface ConsoleOptions {
  stdin: InputStream;
  stdout: OutputStream;
  stderr: OutputStream;
  signal: AbortSignal;
  json: boolean;
  quiet: boolean;
  verbose: boolean;
  /** `--yes`: ask nothing. */
  yes: boolean;
  /** Runs unattended although there is a terminal. */
  unattended: boolean;
  /** Colours may be used on a terminal. */
  color: boolean;
  /** The clock of progress lines, in milliseconds; the process's own by default. */
  now?: (() => number) | undefined;
}

export interface Console extends Terminal {
  /** A line on stderr that `--quiet` does not hide: errors. */
  error(line: string): void;
  /** Removes progress lines; call it before the command ends. */
  close(): void;
}

/** What ends within this time after Ctrl-C needs no word. */
const STOPPING_AFTER_MS = 150;

/** The terminal of a command on the process's own streams. */
export function createConsole(options: ConsoleOptions): Console {
  const { stdin, stdout, stderr, json, quiet, verbose, signal, now } = options;
  const screen = createProgressScreen(stderr, { quiet, now });
  const interactive =
    stdin.isTTY === true && stdout.isTTY === true && !options.unattended && !options.yes && !json;
  // Questions stay visible when stderr goes to a file.
  const questions = createQuestions({
    input: stdin,
    output: stderr.isTTY === true ? stderr : stdout,
    signal,
    before: screen.clear,
  });
  let telling: ReturnType<typeof setTimeout> | undefined;
  const onStop = () => {
    const tell = () => screen.writeLine("stopping; press Ctrl-C again to end now");
    if (stderr.isTTY === true && !quiet) telling = setTimeout(tell, STOPPING_AFTER_MS);
  };
  signal.addEventListener("abort", onStop, { once: true });
  return {
    interactive,
    json,
    quiet,
    verbose,
    result: (document, text) => {
      screen.clear();
      const output = json ? JSON.stringify(document) : text();
      if (output !== "") stdout.write(output.endsWith("\n") ? output : `${output}\n`);
    },
    output: {
      write: async (data) => {
        screen.clear();
        await writeStream(stdout, data);
      },
      columns: stdout.isTTY === true ? stdout.columns : undefined,
      color: stdout.isTTY === true && options.color,
    },
    note: (line) => {
      if (!quiet) screen.writeLine(line);
    },
    warn: (line) => {
      if (!quiet) screen.writeLine(`warning: ${line}`);
    },
    error: screen.writeLine,
    progress: screen.progress,
    live: screen.live,
    close: () => {
      signal.removeEventListener("abort", onStop);
      clearTimeout(telling);
      screen.clear();
    },
    ...questions,
  };
}
