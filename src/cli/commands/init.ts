import { relative } from "node:path";
import { modesOf } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { folderOf } from "../../schema/lake-location.ts";
import { defineCommand } from "../arguments/command.ts";

export const initCommand = defineCommand({
  summary: "Create a lake, or repair an incomplete one",
  positionals: ["[DIR]"],
  flags: {},
  examples: ["datalake init /mnt/nas/lake", "datalake init --lake /mnt/nas/lake --json"],
  run: async ({ positionals }, { settings, terminal }) => {
    let root = positionals[0] ?? folderOf(settings.location);
    if (root === undefined && terminal.interactive) {
      root = await terminal.path("Which folder should hold the lake? It may be a new one");
    }
    if (root === undefined) {
      throw new AppError("usage", "no folder is given; write `datalake init DIR` or add --lake DIR");
    }
    const { initLake } = await import("../../lake/lake.ts");
    const { lake, created, repaired, denied } = await initLake(root, modesOf(settings));
    for (const path of denied) {
      terminal.warn(
        `${path} has other permissions and belongs to another account; ask its owner to change them`,
      );
    }
    const { examineMount, mountDocument } = await import("../../lake/mount-check.ts");
    const { tellMount } = await import("../../lake/mount-words.ts");
    const mount = await examineMount(lake.layout);
    const told = tellMount(mount);
    if (told !== undefined) terminal.note(told);
    terminal.result({ lake: lake.root, created, repaired, denied, mount: mountDocument(mount) }, () => {
      if (created.length + repaired.length === 0) return `The lake ${lake.root} is complete.`;
      const named = (path: string) => `  ${relative(lake.root, path) || "."}`;
      const lines: string[] = [];
      if (created.length > 0) lines.push(`Created in ${lake.root}:`, ...created.map(named));
      if (repaired.length > 0) lines.push(`Permissions repaired in ${lake.root}:`, ...repaired.map(named));
      return lines.join("\n");
    });
    return 0;
  },
});
