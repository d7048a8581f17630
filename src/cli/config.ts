import { defineGroup } from "./command.ts";
import { providerCommands } from "./config-provider.ts";
import { taskCommands } from "./config-task.ts";

export const configCommand = defineGroup({
  summary: "Create, list and remove providers and tasks",
  subcommands: { provider: providerCommands, task: taskCommands },
});
