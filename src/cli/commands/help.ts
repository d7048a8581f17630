import { LANGUAGES, type Language, listTopics, readPage } from "../../docs/pages.ts";
import { AppError } from "../../errors.ts";
import { nearestWord } from "../../util/nearest.ts";
import { defineCommand, type Effects, isGroup } from "../arguments/command.ts";
import { renderCommandHelp, renderGroupHelp, renderRootHelp, renderTopics } from "../arguments/help.ts";
import { resolveCommand } from "../arguments/resolve.ts";

export const helpCommand = defineCommand({
  summary: "Show the help of a command, or a page of the manual",
  positionals: ["[TOPIC | COMMAND...]"],
  settings: "defaults",
  flags: {
    language: {
      type: "text",
      values: LANGUAGES,
      description: "Language of the page (default: ko where LC_ALL, LC_MESSAGES or LANG is Korean, else en)",
    },
  },
  examples: [
    "datalake help",
    "datalake help curator",
    "datalake help curator --language ko",
    "datalake help settings | less",
    "datalake help config task create",
  ],
  run: async ({ flags, positionals }, { terminal, version, language, commands: known }) => {
    const [word] = positionals;
    const topics = listTopics();
    if (word === undefined) {
      const commands = Object.entries(known);
      terminal.result(
        { commands: commands.map(([name, { summary }]) => ({ command: name, summary })), topics },
        () => `${renderRootHelp(version, commands)}\n${renderTopics(topics)}`,
      );
      return 0;
    }
    if (Object.hasOwn(known, word)) {
      const text = await commandHelp(known, positionals);
      terminal.result({ command: positionals.join(" "), text }, () => text);
      return 0;
    }
    if (!topics.some(({ topic }) => topic === word) || positionals.length > 1) {
      throw unknownTopic(positionals.join(" "), topics, Object.keys(known));
    }
    const wanted = (flags.language as Language | undefined) ?? language;
    const page = readPage(word, wanted);
    if (page.language !== wanted) terminal.note(`${word} is not translated; this is the English page`);
    terminal.result({ topic: word, ...page }, () => page.text);
    return 0;
  },
});

async function commandHelp(commands: Effects["commands"], argv: readonly string[]): Promise<string> {
  const { words, node, rest } = await resolveCommand(commands, argv);
  const [extra] = rest;
  if (node === undefined || extra !== undefined) {
    throw new AppError("usage", `${JSON.stringify(extra)} is not a command of \`${words.join(" ")}\``);
  }
  return isGroup(node) ? renderGroupHelp(words, node) : renderCommandHelp(words, node);
}

function unknownTopic(
  written: string,
  topics: readonly { topic: string }[],
  commands: readonly string[],
): AppError {
  const names = topics.map(({ topic }) => topic);
  const near = nearestWord(written, [...names, ...commands]);
  const hint = near === undefined ? "" : `did you mean \`datalake help ${near}\`? `;
  return new AppError(
    "usage",
    `${JSON.stringify(written)} is neither a command nor a page of the manual; ${hint}The pages are ${names.join(", ")}`,
  );
}
