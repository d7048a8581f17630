import { hasWords, type RowSelection } from "../../state/selection.ts";

/** Formats of rows as they are; all others are made of samples and can be split. */
export const ROW_FORMATS: readonly string[] = ["dataset", "arrow", "parquet"];
/** Formats of questions and answers. */
export const PROMPT_FORMATS: readonly string[] = ["ms-swift", "llama-factory", "messages", "donut"];

export interface TakeWishes {
  /** `http://nas:8091` */
  server: string;
  format: string;
  /** `train=0.9,val=0.1`; empty without. */
  split: string;
  /** Name of a built-in prompt; empty without. */
  prompt: string;
  output: string;
  needsToken: boolean;
}

/** What to take: all that is selected, or single rows by their keys. */
export type Taken = { selection: RowSelection } | { keys: readonly string[] };

/** More keys than these are not written into a command, but into a file that it reads. */
export const MAX_WRITTEN_KEYS = 60;
export const KEYS_FILE = "rows.txt";

/** The command that downloads this, for a POSIX shell. */
export function downloadCommand(taken: Taken, wishes: TakeWishes): string {
  const { server, format, split, prompt, output, needsToken } = wishes;
  const isWritten = "keys" in taken && taken.keys.length <= MAX_WRITTEN_KEYS;
  const flags: [string, string?][] = [
    ["--server", server],
    ...("keys" in taken
      ? given("--rows", isWritten ? "/dev/stdin" : KEYS_FILE)
      : selectionFlags(taken.selection)),
    ["--format", format],
    ...(ROW_FORMATS.includes(format) ? [] : given("--split", split)),
    ...(PROMPT_FORMATS.includes(format) ? given("--prompt", prompt) : []),
    ["--output", outputName(format, output)],
  ];
  const words = flags.map(([name, value]) => (value === undefined ? name : `${name} ${quoteShell(value)}`));
  const token = needsToken ? "DATALAKE_TOKEN=... " : "";
  const command = `${token}datalake download ${words.join(" \\\n  ")}`;
  return isWritten ? `${command} <<'END'\n${keysText(taken.keys)}END` : command;
}

function selectionFlags(selection: RowSelection): [string, string?][] {
  return [
    ...selection.providers.map((name): [string, string] => ["--provider", name]),
    ...selection.datasets.map((name): [string, string] => ["--dataset", name]),
    ...selection.tasks.map((name): [string, string] => ["--task", name]),
    ...selection.variants.map((name): [string, string] => ["--variant", name]),
    ...given("--text", selection.text),
    ...given("--column", selection.column),
    ...(selection.column === "" ? [] : given("--json-path", selection.json_path)),
    ...(selection.text !== "" && selection.ignore_case ? [["--ignore-case"] as [string]] : []),
    ...(selection.each_word && hasWords(selection.text) ? [["--each-word"] as [string]] : []),
    ...selection.where.map((filter): [string, string] => ["--where", filter]),
  ];
}

/** A line for each key, as people read it: a name has neither a slash nor a percent sign. */
export function keysText(keys: readonly string[]): string {
  return keys.map((key) => `${key.split("/").map(decodeURIComponent).join("/")}\n`).join("");
}

/** A file has the ending of its format. */
export function outputName(format: string, output: string): string {
  return format === "parquet" || format === "arrow" ? `${output}.${format}` : output;
}

function given(flag: string, value: string): [string, string][] {
  return value === "" ? [] : [[flag, value]];
}

/** A word of a POSIX shell. */
export function quoteShell(word: string): string {
  return /^[\w@%+=:,./가-힣-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/** A string of Python; JSON's escapes are Python's too. */
export function pythonText(text: string): string {
  return JSON.stringify(text);
}
