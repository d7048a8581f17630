import { defineCommand, defineGroup } from "../../arguments/command.ts";
import { renderTable } from "../../terminal/table.ts";
import { checkNewName, requireName } from "./questions.ts";
import { removeCommand } from "./remove.ts";

const create = defineCommand({
  summary: "Create a provider",
  positionals: ["[NAME]"],
  flags: { description: { type: "text", placeholder: "TEXT", description: "A description for people" } },
  examples: ['datalake config provider create aihub --description "AI-Hub public data"'],
  run: async ({ flags, positionals }, effects) => {
    const { terminal } = effects;
    const { taxonomy } = await effects.openClient();
    const { providers } = await taxonomy.read();
    const given = await requireName("provider", positionals[0], terminal, () =>
      terminal.text("Name of the new provider?", {
        placeholder: "huggingface",
        check: (name) => checkNewName(name, Object.keys(providers)),
      }),
    );
    const asking = positionals[0] === undefined && flags.description === undefined;
    const description = asking ? await terminal.text("Description (optional)") : (flags.description ?? "");
    const name = await taxonomy.addProvider(given, { description });
    terminal.result({ provider: { name, description } }, () => `Created the provider ${name}.`);
    return 0;
  },
});

const list = defineCommand({
  summary: "List the providers",
  flags: {},
  examples: ["datalake config provider list --json"],
  run: async (_, effects) => {
    const { taxonomy } = await effects.openClient();
    const { providers } = await taxonomy.read();
    const rows = Object.entries(providers).map(([name, { description }]) => ({ name, description }));
    effects.terminal.result({ providers: rows }, () =>
      rows.length === 0
        ? "No providers yet; create one with `datalake config provider create`."
        : renderTable(
            [{ title: "provider" }, { title: "description" }],
            rows.map((row) => [row.name, row.description]),
          ),
    );
    return 0;
  },
});

export const providerCommands = defineGroup({
  summary: "Manage providers: the sources of datasets",
  subcommands: { create, list, remove: removeCommand("provider") },
});
