import { defineGroup } from "../../arguments/command.ts";
import { checkCommand } from "./check.ts";
import { detectCommand } from "./detect.ts";

export const viewCommand = defineGroup({
  summary: "Find out what labels mean, and check them",
  subcommands: { detect: detectCommand, check: checkCommand },
});
