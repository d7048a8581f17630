import { defineCommand, runCommand } from "citty";
import { AppError, type ErrorDocument, explainFullScratch, systemCode, toAppError } from "../errors.ts";
import type { Lake } from "../lake/lake.ts";
import type { AnyOperation } from "../operations/operation.ts";
import { folderOf } from "../schema/lake-location.ts";
import { type Command, type CommandGroup, type Effects, isGroup } from "./arguments/command.ts";
import { beforeTerminator, type GlobalFlags, parseArguments } from "./arguments/flags.ts";
import { renderCommandHelp, renderGroupHelp, renderRootHelp } from "./arguments/help.ts";
import { missingCommand, resolveCommand } from "./arguments/resolve.ts";
import { COMMANDS } from "./commands/table.ts";
import type { Console } from "./terminal/console.ts";
import type { InputStream, OutputStream } from "./terminal/streams.ts";

/** What the program passes to the command line; tests pass their own streams and environment. */
export interface CliContext {
  signal: AbortSignal;
  workerUrl: URL;
  /** The long operations. */
  loadOperations(): Promise<readonly AnyOperation[]>;
  selfCommand: string[];
  version: string;
  stdin: InputStream;
  stdout: OutputStream;
  stderr: OutputStream;
  /** The process's own by default. */
  env?: Record<string, string | undefined>;
  /** The clock of progress lines, in milliseconds; the process's own by default. */
  now?: () => number;
}

/**
 * Runs the command that `argv` (without program name) names and gives the exit code. Never throws: an error becomes
 * one sentence on stderr and, with `--json`, the error document on stdout. The caller waits for the streams before
 * it ends the process.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  try {
    return await dispatch(argv, context);
  } catch (error) {
    return report(error, argv, context);
  }
}

async function dispatch(argv: readonly string[], context: CliContext): Promise<number> {
  const ahead = beforeTerminator(argv);
  if (ahead.includes("--version")) {
    context.stdout.write(`${context.version}\n`);
    return 0;
  }
  const help = ahead.includes("--help") || ahead.includes("-h");
  const { words, node, rest } = await resolveCommand(COMMANDS, argv);
  if (node === undefined) {
    parseArguments({ flags: {} }, rest);
    context.stdout.write(renderRootHelp(context.version, Object.entries(COMMANDS)));
    return 0;
  }
  if (help) {
    context.stdout.write(isGroup(node) ? renderGroupHelp(words, node) : renderCommandHelp(words, node));
    return 0;
  }
  return runNode(node, words, rest, context);
}

async function runNode(
  node: Command | CommandGroup,
  words: string[],
  argv: string[],
  context: CliContext,
): Promise<number> {
  const { global, ...own } = parseArguments(isGroup(node) ? { flags: {} } : node, argv);
  const terminal = await openConsole(global, context);
  const program = defineCommand({
    meta: { name: words.join(" "), description: node.summary, version: context.version },
    run: async () => {
      const { command, path } = await chooseCommand(node, words, terminal);
      const effects = await createEffects(command, global, path, terminal, context);
      return command.run(own, effects).catch((failure: unknown) => {
        const error = explainFullScratch(failure, effects.settings.scratchFolder);
        // A bare write error does not name its target: it was the lake, otherwise the command has said more.
        const bare = systemCode(error) !== undefined && !context.signal.aborted;
        throw bare ? toAppError(error, folderOf(effects.settings.location)) : error;
      });
    },
    cleanup: () => terminal.close(),
  });
  try {
    // citty only runs the command: its parser accepts unknown flags, so the arguments were parsed above.
    return Number((await runCommand(program, { rawArgs: [] })).result);
  } catch (error) {
    throw context.signal.aborted && !(error instanceof AppError)
      ? new AppError("cancelled", "cancelled", { cause: error })
      : error;
  }
}

/** A group that a person calls without a subcommand asks for one. */
async function chooseCommand(
  node: Command | CommandGroup,
  words: readonly string[],
  terminal: Console,
): Promise<{ command: Command; path: string }> {
  let chosen = node;
  const path = [...words];
  while (isGroup(chosen)) {
    if (!terminal.interactive) throw missingCommand(path, chosen);
    const choices = Object.entries(chosen.subcommands).map(([name, { summary }]) => ({
      value: name,
      label: name,
      hint: summary,
    }));
    const name = await terminal.select(`${path.join(" ")}: what do you want to do?`, choices);
    const next: Command | CommandGroup | undefined = chosen.subcommands[name];
    if (next === undefined) throw missingCommand(path, chosen);
    chosen = next;
    path.push(name);
  }
  return { command: chosen, path: path.join(" ") };
}

async function openConsole(global: GlobalFlags, context: CliContext): Promise<Console> {
  const { createConsole } = await import("./terminal/console.ts");
  const { allowsColor, isUnattended } = await import("../config.ts");
  const { stdin, stdout, stderr, signal, now } = context;
  const { json = false, quiet = false, verbose = false, yes = false } = global;
  const unattended = isUnattended(context.env);
  const color = allowsColor(context.env);
  return createConsole({ stdin, stdout, stderr, signal, now, json, quiet, verbose, yes, unattended, color });
}

async function createEffects(
  { settings: wanted }: Pick<Command, "settings">,
  global: GlobalFlags,
  path: string,
  terminal: Console,
  context: CliContext,
): Promise<Effects> {
  const { loadSettings, preferredLanguage } = await import("../config.ts");
  const { createLogger, silentLogger } = await import("../log.ts");
  const { lake, server, config } = global;
  if (lake !== undefined && server !== undefined) {
    throw new AppError("usage", "--lake and --server exclude each other; give one of them");
  }
  const settings =
    wanted === "defaults"
      ? await loadSettings({ onlyFlags: true })
      : await loadSettings({
          configFile: config,
          flags: { ...(lake === undefined ? {} : { lake }), ...(server === undefined ? {} : { server }) },
          ...(context.env === undefined ? {} : { env: context.env }),
        });
  if (settings.cache !== undefined) {
    const { useNativeCache } = await import("../native.ts");
    useNativeCache(settings.cacheFolder);
  }
  if (global.tokenFile !== undefined) {
    const { readTokenFile } = await import("../client/token-file.ts");
    settings.token = await readTokenFile(global.tokenFile, (line) => terminal.warn(line));
  }
  if (settings.token !== undefined && global.tokenFile === undefined) {
    const { checkToken } = await import("../client/token-file.ts");
    checkToken(settings.token, "DATALAKE_TOKEN");
  }
  const sink = { write: (line: string) => terminal.error(line.trimEnd()) };
  const lines = createLogger(sink, terminal.verbose ? "debug" : "error", { command: path });
  // A person reads the sentence that the command ends with; where stderr is kept, the stack is worth its lines.
  const logger = context.stderr.isTTY === true && !terminal.verbose ? silentLogger : lines;
  let opened: Lake | undefined;
  const openLake = async () => {
    const folder = folderOf(settings.location);
    if (folder === undefined) {
      throw new AppError(
        "usage",
        settings.location === undefined
          ? "no lake is given; add --lake DIR, or --server URL"
          : `\`${path}\` works only on the lake's folder, not through a server; add --lake DIR where that is mounted`,
      );
    }
    const [{ openLake: open }, { createView }, { modesOf, staleMsOf }] = await Promise.all([
      import("../lake/lake.ts"),
      import("../lake/view.ts"),
      import("../config.ts"),
    ]);
    const onWait = (message: string) => terminal.note(message);
    const view = createView({ staleMs: staleMsOf(settings), onWait, signal: context.signal });
    opened = await open(folder, modesOf(settings), view);
    return opened;
  };
  const { selfCommand, signal } = context;
  return {
    settings,
    terminal,
    logger,
    signal,
    audit: async (target) => {
      if (opened === undefined) return;
      const { recordAudit } = await import("../lake/audit.ts");
      const { userName } = await import("../lake/account.ts");
      const entry = { who: userName(), from: "local", action: path, target, outcome: "ok" };
      // Curators may write to staging only: a missing audit line does not undo their work.
      await recordAudit(opened, entry).catch((error) =>
        logger.warn("the audit log cannot be written", { error }),
      );
    },
    openLake,
    openClient: async ({ engine } = {}) => {
      const { openLakeClient } = await import("../client/open-lake.ts");
      return openLakeClient({ settings, openLake, selfCommand, logger, signal, engine });
    },
    workerUrl: context.workerUrl,
    loadOperations: context.loadOperations,
    selfCommand,
    version: context.version,
    language: preferredLanguage(context.env),
    commands: COMMANDS,
  };
}

function report(error: unknown, argv: readonly string[], context: CliContext): number {
  const ahead = beforeTerminator(argv);
  const failure = toAppError(error);
  const lines = [`datalake: ${failure.message}`];
  if (ahead.includes("--verbose")) lines.push(...causes(failure));
  context.stderr.write(`${lines.join("\n")}\n`);
  if (ahead.includes("--json")) {
    const document: ErrorDocument = failure.toDocument();
    context.stdout.write(`${JSON.stringify(document)}\n`);
  }
  return failure.exit;
}

/** The chain of causes of an error; with the stack of unexpected ones. */
function causes(failure: AppError): string[] {
  const lines: string[] = [`  code: ${failure.code}`];
  let cause: unknown = failure.cause;
  for (let depth = 0; cause !== undefined && depth < 10; depth++) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    lines.push(`  caused by: ${text.replaceAll("\n", "\n    ")}`);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return lines;
}
