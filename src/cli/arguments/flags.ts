import { parseArgs } from "node:util";
import { AppError } from "../../errors.ts";
import { nearestWord } from "../../util/nearest.ts";
import type { Command, Flag, FlagValues } from "./command.ts";

/** Flags of every command, before or after its name. */
export const GLOBAL_FLAGS = {
  lake: { type: "text", placeholder: "DIR", description: "Lake folder (or DATALAKE_LAKE)" },
  server: { type: "text", placeholder: "URL", description: "URL of a datalake server (or DATALAKE_SERVER)" },
  tokenFile: {
    type: "text",
    placeholder: "FILE",
    description: "File that contains the token for the server (or DATALAKE_TOKEN)",
  },
  config: { type: "text", placeholder: "FILE", description: "Settings file (or DATALAKE_CONFIG)" },
  json: { type: "switch", description: "Print one JSON document on stdout" },
  quiet: { type: "switch", description: "Print no progress and no notes" },
  verbose: { type: "switch", description: "Print causes of errors, and a log on stderr" },
  yes: { type: "switch", description: "Ask no questions, go ahead" },
  help: { type: "switch", description: "Show this help" },
  version: { type: "switch", description: "Show the version" },
} as const satisfies Record<string, Flag>;

export interface GlobalFlags {
  lake?: string;
  server?: string;
  tokenFile?: string;
  config?: string;
  json?: boolean;
  quiet?: boolean;
  verbose?: boolean;
  yes?: boolean;
}

export interface ParsedArguments {
  global: GlobalFlags;
  /** By key, checked against the command's flags: each value has the type of its flag. */
  flags: FlagValues<Record<string, Flag>>;
  positionals: string[];
}

type Value = string | number | boolean | string[];

/**
 * Parses the arguments after a command's name, strictly: an unknown flag, a missing or wrong value, a repeated flag
 * or a positional too many is `usage`, naming what was probably meant.
 */
export function parseArguments(
  command: Pick<Command, "flags" | "positionals">,
  argv: string[],
): ParsedArguments {
  const known = new Map<string, { key: string; flag: Flag }>();
  for (const [key, flag] of Object.entries({ ...GLOBAL_FLAGS, ...command.flags })) {
    known.set(flagName(key), { key, flag });
  }
  const options: Record<string, { type: "string" | "boolean"; short?: string }> = {};
  for (const [name, { flag }] of known) {
    options[name] = { type: flag.type === "switch" ? "boolean" : "string" };
  }
  options.help = { type: "boolean", short: "h" };
  const { tokens } = parseArgs({ args: argv, options, strict: false, tokens: true, allowPositionals: true });

  const values: Record<string, Value> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const found = known.get(token.name);
    if (!found) throw unknownFlag(token.rawName, known.keys());
    const { key, flag } = found;
    const isFlag = !token.inlineValue && namesFlag(token.value, known);
    const text = checkValue(token.rawName, flag, isFlag ? undefined : token.value);
    const old = values[key];
    if (flag.type === "list") values[key] = [...(Array.isArray(old) ? old : []), ...splitList(text ?? "")];
    else if (old !== undefined && flag.type !== "switch") {
      throw new AppError("usage", `${token.rawName} is given twice; give it once`);
    } else values[key] = convert(token.rawName, flag, text);
    checkAllowed(token.rawName, flag, values[key]);
  }
  const most = command.positionals?.length ?? 0;
  const repeated = command.positionals?.at(-1)?.includes("...") ?? false;
  const extra = positionals[most];
  if (extra !== undefined && !repeated) {
    // What is searched for is written without its flag; of a command with an output it may be that.
    const isText = "text" in command.flags && !("output" in command.flags) && values.text === undefined;
    const hint = isText
      ? `did you mean --text=${asWord(positionals.slice(most).join(" "))}?`
      : "quote values that contain spaces, and see --help";
    throw new AppError("usage", `${JSON.stringify(extra)} is an unexpected argument; ${hint}`);
  }
  const global: Record<string, Value> = {};
  const flags: Record<string, Value> = {};
  for (const [key, value] of Object.entries(values)) {
    (key in GLOBAL_FLAGS && !(key in command.flags) ? global : flags)[key] = value;
  }
  return { global: global as GlobalFlags, flags: flags as ParsedArguments["flags"], positionals };
}

/** As a shell reads it as one word. */
function asWord(text: string): string {
  return /^[\p{L}\p{M}\p{N}_./:,%+-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** `numProc` as `num-proc`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export function unknownFlag(written: string, known: Iterable<string>): AppError {
  const near = nearestWord(written.replace(/^-+/, ""), known);
  const hint = near === undefined ? "see --help" : `did you mean --${near}?`;
  return new AppError("usage", `unknown flag ${written}; ${hint}`);
}

/** Whether the word after a flag is another flag: anything else that begins with a dash may be a search text. */
function namesFlag(word: string | undefined, known: ReadonlyMap<string, unknown>): boolean {
  if (word === undefined) return false;
  return word === "-h" || (word.startsWith("--") && known.has(word.slice(2).split("=")[0] ?? ""));
}

function checkValue(written: string, flag: Flag, value: string | undefined): string | undefined {
  if (flag.type === "switch") {
    if (value !== undefined) throw new AppError("usage", `${written} does not take a value; remove it`);
    return undefined;
  }
  if (value === undefined || value === "") {
    const example = flag.placeholder ?? flag.values?.[0] ?? "VALUE";
    throw new AppError("usage", `${written} needs a value; write ${written} ${example}`);
  }
  return value;
}

function convert(written: string, flag: Flag, text: string | undefined): Value {
  if (flag.type === "switch") return true;
  if (flag.type !== "number") return text ?? "";
  const number = Number(text);
  if (!Number.isFinite(number)) {
    throw new AppError("usage", `${written} needs a number, not ${JSON.stringify(text)}`);
  }
  return number;
}

function checkAllowed(written: string, flag: Flag, value: Value | undefined): void {
  if (!flag.values) return;
  for (const one of Array.isArray(value) ? value : [String(value)]) {
    if (flag.values.includes(one)) continue;
    const near = nearestWord(one, flag.values);
    const hint = near === undefined ? `choose ${listWords(flag.values)}` : `did you mean ${near}?`;
    throw new AppError("usage", `${written} cannot be ${JSON.stringify(one)}; ${hint}`);
  }
}

/** The arguments before a `--` that ends the flags: not one that is a flag's value. */
export function beforeTerminator(argv: readonly string[]): readonly string[] {
  const end = argv.findIndex((word, at) => word === "--" && argv[at - 1] !== "--text");
  return end < 0 ? argv : argv.slice(0, end);
}

/** `a, b or c`. */
export function listWords(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? "") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/**
 * A comma list; where an item is `key=a,b,c` (`--allow lang=ko,en`, `--meta note=a, b`) the commas belong to its
 * value.
 */
function splitList(text: string): string[] {
  if (/^[^,]+=/.test(text)) return [text];
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
