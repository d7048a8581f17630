import { AppError } from "../../errors.ts";
import { nearestWord } from "../../util/nearest.ts";
import { type Command, type CommandEntry, type CommandGroup, isGroup } from "./command.ts";
import { flagName, GLOBAL_FLAGS, listWords, unknownFlag } from "./flags.ts";

export interface Resolved {
  /** The words that name the command: `["datalake", "config", "task"]`. */
  words: string[];
  /** Undefined for `datalake` alone. */
  node: Command | CommandGroup | undefined;
  /** The arguments without those words, in their order. */
  rest: string[];
}

/**
 * Finds the command that the arguments name and loads it alone. Global flags may stand before, between and after
 * the words. Throws `usage` for a word that names no command, with the nearest that does.
 */
export async function resolveCommand(
  commands: Readonly<Record<string, CommandEntry>>,
  argv: readonly string[],
): Promise<Resolved> {
  const words = ["datalake"];
  const rest = [...argv];
  let node: Command | CommandGroup | undefined;
  let at = 0;
  while (node === undefined || isGroup(node)) {
    at = nextWord(rest, at);
    const word = rest[at];
    if (word === undefined) break;
    const names: string[] = Object.keys(node === undefined ? commands : node.subcommands);
    if (!names.includes(word)) throw unknownCommand(words, word, names);
    node = node === undefined ? await commands[word]?.load() : node.subcommands[word];
    words.push(word);
    rest.splice(at, 1);
  }
  return { words, node, rest };
}

/** Position of the next argument that is neither a global flag nor its value; the length when there is none. */
function nextWord(argv: readonly string[], from: number): number {
  const known = Object.entries(GLOBAL_FLAGS).map(([key, { type }]) => ({ name: flagName(key), type }));
  for (let at = from; at < argv.length; at++) {
    const argument = argv[at] ?? "";
    if (!argument.startsWith("-")) return at;
    if (argument === "-h") continue;
    const [name = "", inline] = argument.slice(2).split("=", 2);
    const flag = known.find((one) => one.name === name);
    if (argument === "-" || argument === "--" || !argument.startsWith("--") || flag === undefined) {
      const behind = argv.slice(at + 1).some((one) => !one.startsWith("-"));
      throw behind && argument.startsWith("--") && argument !== "--"
        ? new AppError("usage", `${argument.split("=")[0]} is not a global flag; write it after the command`)
        : unknownFlag(
            argument,
            known.map((one) => one.name),
          );
    }
    if (flag.type !== "switch" && inline === undefined) at++;
  }
  return argv.length;
}

function unknownCommand(words: readonly string[], word: string, names: readonly string[]): AppError {
  const path = words.join(" ");
  const near = nearestWord(word, names);
  const hint =
    near === undefined
      ? `choose ${listWords(names)}, or see \`${path} --help\``
      : `did you mean \`${path} ${near}\`?`;
  return new AppError("usage", `${JSON.stringify(word)} is not a command of \`${path}\`; ${hint}`);
}

/** The error for a group that is called without a subcommand. */
export function missingCommand(words: readonly string[], group: CommandGroup): AppError {
  const path = words.join(" ");
  const names = Object.keys(group.subcommands);
  return new AppError("usage", `\`${path}\` needs a subcommand: ${listWords(names)}; see \`${path} --help\``);
}
