import { padCell } from "../terminal/table.ts";
import type { Command, CommandGroup, Flag } from "./command.ts";
import { flagName, GLOBAL_FLAGS } from "./flags.ts";

/** Columns of the narrowest screen that help is written for. */
const SCREEN = 120;

/** The help of one command: `words` is how it is called, `["datalake", "upload"]`. */
export function renderCommandHelp(words: readonly string[], command: Command): string {
  const own = Object.keys(command.flags).length > 0;
  return page(
    `${words.join(" ")}: ${command.summary}`,
    `Usage: ${[...words, ...(command.positionals ?? []), ...(own ? ["[flags]"] : [])].join(" ")}`,
    section("Flags:", flagLines(command.flags)),
    section("Global flags:", flagLines(GLOBAL_FLAGS)),
    section("Examples:", command.examples),
  );
}

export function renderGroupHelp(words: readonly string[], group: CommandGroup): string {
  const path = words.join(" ");
  return page(
    `${path}: ${group.summary}`,
    `Usage: ${path} COMMAND [flags]`,
    section("Commands:", commandLines(Object.entries(group.subcommands))),
    section("Global flags:", flagLines(GLOBAL_FLAGS)),
    section("Examples:", group.examples ?? firstExamples(group)),
    `See also: ${path} COMMAND --help`,
  );
}

export function renderRootHelp(
  version: string,
  commands: readonly (readonly [string, { summary: string }])[],
): string {
  return page(
    `datalake ${version}: a data lake for document-AI teams`,
    "Usage: datalake COMMAND [flags]",
    section("Commands:", commandLines(commands)),
    section("Global flags:", flagLines(GLOBAL_FLAGS)),
    section("Examples:", [
      "datalake init /mnt/nas/lake",
      "datalake upload scans --type raw --provider aihub --dataset 영수증",
      "datalake search --text 서울",
      "datalake download --dataset 영수증 --task ocr --output ocr-set --format dataset",
    ]),
    "Exit codes: 0 done, 1 failed, 2 usage, 3 done with rejected rows, 4 not found,\n  5 conflict or locked, 6 server unreachable, 130 cancelled",
    "See also: datalake COMMAND --help, and `datalake help` for the pages of the manual",
  );
}

/** The pages of the manual, below the help of the program. */
export function renderTopics(topics: readonly { topic: string; summary: string }[]): string {
  return page(
    section("Manual:", commandLines(topics.map(({ topic, summary }) => [topic, { summary }]))),
    "Show a page: datalake help TOPIC (in Korean, where there is one: --language ko)",
  );
}

function page(...parts: (string | undefined)[]): string {
  return `${parts.filter((part) => part !== undefined).join("\n\n")}\n`;
}

function section(title: string, lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : [title, ...lines.map((line) => `  ${line}`)].join("\n");
}

function commandLines(commands: readonly (readonly [string, { summary: string }])[]): string[] {
  return twoColumns(commands.map(([name, { summary }]) => [name, summary]));
}

function flagLines(flags: Record<string, Flag>): string[] {
  return twoColumns(Object.entries(flags).map(([key, flag]) => [flagUsage(key, flag), flag.description]));
}

/** `--mode create|append|replace`, `--meta K=V ...`, `--output PATH`. */
function flagUsage(key: string, flag: Flag): string {
  const name = `--${flagName(key)}`;
  if (flag.type === "switch") return name;
  const value = flag.placeholder ?? flag.values?.join("|") ?? (flag.type === "number" ? "N" : "TEXT");
  return `${name} ${value}${flag.type === "list" ? " ..." : ""}`;
}

function twoColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.min(34, Math.max(0, ...rows.map(([left]) => Bun.stringWidth(left))));
  const below = `\n  ${" ".repeat(width)}  `;
  return rows.map(([left, right]) => {
    const text = Bun.wrapAnsi(right, SCREEN - below.length).replaceAll("\n", below);
    return Bun.stringWidth(left) > width ? `${left}${below}${text}` : `${padCell(left, width)}  ${text}`;
  });
}

function firstExamples(group: CommandGroup): string[] {
  return Object.values(group.subcommands).flatMap((node) =>
    "subcommands" in node ? firstExamples(node) : node.examples.slice(0, 1),
  );
}
