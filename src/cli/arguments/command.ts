import type { LakeClient } from "../../client/lake-client.ts";
import type { Settings, SettingsInput } from "../../config.ts";
import type { Lake } from "../../lake/lake.ts";
import type { Logger } from "../../log.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import type { EngineName } from "../../schema/engines.ts";
import type { Terminal } from "../terminal/terminal.ts";

/** A flag of a command. `--num-proc` is read as `args.numProc`. Repeats and comma lists of `list` become arrays. */
export interface Flag {
  type: "text" | "number" | "switch" | "list";
  description: string;
  /** The value in the help: `--output PATH`. */
  placeholder?: string;
  /** The only values allowed. */
  values?: readonly string[];
}

export type FlagValues<F extends Record<string, Flag>> = {
  [K in keyof F]?: F[K]["type"] extends "switch"
    ? boolean
    : F[K]["type"] extends "number"
      ? number
      : F[K]["type"] extends "list"
        ? string[]
        : string;
};

/** What a command may use of the outside world; tests pass fakes. */
export interface Effects {
  settings: Settings;
  terminal: Terminal;
  logger: Logger;
  signal: AbortSignal;
  /**
   * The lake, in a folder or behind a server: what nearly every command works with. An engine that the command will read
   * rows with is begun.
   */
  openClient(options?: { engine?: EngineName }): Promise<LakeClient>;
  /**
   * The folder of the lake, for commands of this machine only: serve, token, sync, doctor. Throws `no_lake` or,
   * without a folder, `usage`.
   */
  openLake(): Promise<Lake>;
  /** Records such a command in the lake's audit log. */
  audit(target: string): Promise<void>;
  /** The worker entry point, for the pool. */
  workerUrl: URL;
  /** The long operations that `run` and the server know. */
  loadOperations(): Promise<readonly AnyOperation[]>;
  /** Arguments that start this program again as another process (the binary, or bun and main.ts). */
  selfCommand: string[];
  version: string;
  /** Every command, in the order of the help. */
  commands: Readonly<Record<string, CommandEntry>>;
  /** The person's language, from the environment: for translated pages. */
  language: "en" | "ko";
}

/** One command: `datalake upload`. */
export interface Command<F extends Record<string, Flag> = Record<string, Flag>> {
  summary: string;
  /** Names of positional arguments for the help: `[INPUT]`. */
  positionals?: readonly string[];
  flags: F;
  /** `defaults`: works without reading settings, whose mistakes may be what the person reads about. */
  settings?: "defaults";
  examples: readonly string[];
  /** Does the work and returns the exit code; throws AppError. */
  run(args: { flags: FlagValues<F>; positionals: string[] }, effects: Effects): Promise<number>;
}

export function defineCommand<F extends Record<string, Flag>>(command: Command<F>): Command<F> {
  return command;
}

/** Commands under one word: `datalake process start`, `datalake config task create`. */
export interface CommandGroup {
  summary: string;
  subcommands: Readonly<Record<string, Command | CommandGroup>>;
  examples?: readonly string[];
}

export function defineGroup(group: CommandGroup): CommandGroup {
  return group;
}

/** A command that is not loaded yet: its summary, and how to load it. */
export interface CommandEntry {
  summary: string;
  load: () => Promise<Command | CommandGroup>;
}

export function isGroup(node: Command | CommandGroup): node is CommandGroup {
  return "subcommands" in node;
}

export type { SettingsInput };
