import type { TaxonomyClient } from "../../../client/lake-client.ts";
import { defineCommand } from "../../arguments/command.ts";
import { chooseEntry, confirmRemoval, requireName } from "./questions.ts";

const KINDS = {
  provider: {
    entries: "providers",
    example: "aihub",
    remove: (taxonomy: TaxonomyClient, name: string) => taxonomy.removeProvider(name),
  },
  task: {
    entries: "tasks",
    example: "vqa",
    remove: (taxonomy: TaxonomyClient, name: string) => taxonomy.removeTask(name),
  },
} as const;

/** `config provider remove` and `config task remove`. */
export function removeCommand(kind: keyof typeof KINDS) {
  const { entries, example, remove } = KINDS[kind];
  return defineCommand({
    summary: `Remove an unused ${kind}`,
    positionals: ["[NAME]"],
    flags: {},
    examples: [`datalake config ${kind} remove ${example}`],
    run: async ({ positionals }, effects) => {
      const { terminal } = effects;
      const { taxonomy } = await effects.openClient();
      const known = (await taxonomy.read())[entries];
      const given = await requireName(kind, positionals[0], terminal, () =>
        chooseEntry(kind, known, terminal),
      );
      await confirmRemoval(kind, given, terminal);
      const name = await remove(taxonomy, given);
      terminal.result({ removed: name }, () => `Removed the ${kind} ${name}.`);
      return 0;
    },
  });
}
