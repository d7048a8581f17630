import { access, constants, stat } from "node:fs/promises";
import { relative } from "node:path";
import { isMissing } from "../lake/files.ts";
import { lakeFolders } from "../lake/lake.ts";
import { readTaxonomy } from "../lake/taxonomy.ts";
import { formatQuantity } from "../util/format.ts";
import { type Check, collectPlaces, type Finding, placesFinding } from "./check.ts";

/** Checks that the folders exist and the providers and tasks are readable. */
export const layoutCheck: Check = {
  name: "layout",
  run: async ({ lake }) => {
    const missing = collectPlaces();
    for (const folder of lakeFolders(lake.layout)) {
      if (!(await isFolder(folder))) missing.add(relative(lake.root, folder));
    }
    const findings = placesFinding(
      "problem",
      missing,
      "folders of the lake are missing",
      "run `datalake init` with this lake; it creates what is missing",
    );
    const { providers, tasks } = await readTaxonomy(lake);
    if (findings.length > 0) return findings;
    const count = (entries: object, name: string) => formatQuantity(Object.keys(entries).length, name);
    return `complete; ${count(providers, "provider")}, ${count(tasks, "task")}`;
  },
};

/** Checks the permissions of folders and whether this account can write to them. */
export const permissionCheck: Check = {
  name: "permissions",
  run: async ({ lake, keepsModes }) => {
    const { layout, modes } = lake;
    const wrong = collectPlaces();
    const locked = collectPlaces();
    const reserved = collectPlaces();
    const forCurators = new Set([layout.staging, layout.incoming, layout.pending]);
    for (const folder of lakeFolders(layout)) {
      const mode = await modeOf(folder);
      if (mode === undefined) continue;
      const place = relative(lake.root, folder) || ".";
      if (keepsModes && mode !== modes.folder) wrong.add(`${place} (0${mode.toString(8)})`);
      if (!(await isWritable(folder))) (forCurators.has(folder) ? locked : reserved).add(place);
    }
    const file = await modeOf(layout.taxonomy);
    if (keepsModes && file !== undefined && file !== modes.file)
      wrong.add(`config/schema.yaml (0${file.toString(8)})`);
    const findings: Finding[] = [
      ...placesFinding(
        "warning",
        wrong,
        "folders or files of the lake have other permissions than the settings require",
        `run \`datalake init\`, or chmod them: folders 0${modes.folder.toString(8)}, files 0${modes.file.toString(8)}`,
      ),
      ...placesFinding(
        "problem",
        locked,
        "you cannot upload, because you may not write to staging",
        "join the group that owns the lake, or ask its administrator",
      ),
      ...placesFinding(
        "warning",
        reserved,
        "you may not write to folders; fine for a curator, not for the server's account",
        "run the server as the user that owns the lake",
      ),
    ];
    if (findings.length > 0) return findings;
    return keepsModes ? "as the settings require, and writable" : "as the mount sets them, and writable";
  },
};

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Permission bits of a path; undefined if it does not exist. */
export async function modeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mode & 0o777;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}
