import { defineGroup } from "../../arguments/command.ts";
import { providerCommands } from "./provider.ts";
import { taskCommands } from "./task.ts";

export const configCommand = defineGroup({
  summary: "Create, change, list and remove providers and tasks",
  subcommands: { provider: providerCommands, task: taskCommands },
});
